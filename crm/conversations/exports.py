"""
The conversations of a number as a file: CSV for people, JSON Lines for programs. Written piece by piece.

A file holds what was stored when it was asked for. Its last line says how much that is, counted while it was written:
a file without it was cut off.
"""

from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language, override

from crm.models import Conversation, Message
from whatsapp.models import WhatsAppNumber

from .export_formats import FORMATS

#: Conversations of a part, and lines of a piece.
CONVERSATIONS = 500
LINES = 500


class CutOff(Exception):
    """The number is deleted while its conversations are written: the file must not look like a whole one."""


class Export:
    """
    Writes a number's conversations, in the order in which they began and each with its messages, oldest first. Between
    two parts `position`, `conversations` and `messages` say how far it came; with these another one goes on.
    """

    def __init__(self, number, file_format, moment=None, position=0, conversations=0, messages=0):
        self.number = number
        self.format = FORMATS[file_format](number)
        self.moment = moment or timezone.now()
        self.position, self.conversations, self.messages = position, conversations, messages
        # A page's language is over when its file is written.
        self.language = get_language()

    def whole(self):
        """All pieces of the file. Raises CutOff."""
        yield self.head()
        for part in self.parts():
            yield from part
        if not WhatsAppNumber.objects.kept().filter(pk=self.number.pk).exists():
            raise CutOff
        yield self.total()

    def head(self):
        return self.format.head()

    def parts(self):
        """Some conversations at a time, as pieces that are to be written before the next part is asked for."""
        while conversations := list(self._next_conversations()):
            yield self._pieces(conversations)

    def total(self):
        with override(self.language):
            return self.format.total(self.conversations, self.messages)

    def note(self):
        """Write down that somebody has the whole file."""
        earlier = Q(exported_at=None) | Q(exported_at__lt=self.moment)
        WhatsAppNumber.objects.filter(earlier, pk=self.number.pk).update(exported_at=self.moment)

    def _next_conversations(self):
        stored = Conversation.objects.kept().filter(whatsapp_number=self.number, created_at__lte=self.moment)
        following = stored.filter(pk__gt=self.position).order_by("pk")[:CONVERSATIONS]
        return following.select_related("customer", "assignee").prefetch_related("customer__tags")

    def _pieces(self, conversations):
        lines = []
        for line in self._lines(conversations):
            lines.append(line)
            if len(lines) == LINES:
                yield "".join(lines)
                lines = []
        yield "".join(lines)
        self.position = conversations[-1].pk

    def _lines(self, conversations):
        rows = self._messages(conversations)
        row = next(rows, None)
        for conversation in conversations:
            self.conversations += 1
            yield self.format.conversation(conversation)
            while row and row["conversation"] == conversation.pk:
                self.messages += 1
                yield self.format.message(conversation, row)
                row = next(rows, None)

    def _messages(self, conversations):
        stored = Message.objects.filter(conversation__in=conversations, created_at__lte=self.moment)
        in_order = stored.order_by("conversation_id", "timestamp", "pk")
        return in_order.values("conversation", *self.format.fields).iterator(chunk_size=1000)


def file_name(number, file_format, conversations=None, messages=None):
    """The name of a file; it says how much is in it where that is known."""
    digits = number.phone_number.lstrip("+")
    counts = "" if messages is None else f"-{conversations}-conversations-{messages}-messages"
    return f"conversations-{digits}{counts}.{file_format}"


def response(number, file_format):
    """The file as a download."""
    return StreamingHttpResponse(
        sent(Export(number, file_format)),
        content_type=FORMATS[file_format].content_type,
        headers={"Content-Disposition": f'attachment; filename="{file_name(number, file_format)}"'},
    )


def sent(export):
    """The pieces; whoever asks for more than the last one has sent all of them."""
    yield from export.whole()
    export.note()
