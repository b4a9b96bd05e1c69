"""
Writes the conversations of a number to a file, piece by piece.

A file holds what was stored when it was asked for. Its last line says how much that is, counted while it was written:
a file without that line was cut off.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language, override

from crm.models import Conversation, Message
from whatsapp.models import WhatsAppNumber

from .export_formats import FORMATS, ExportFormat
from .quotes import quoted_by

#: Conversations of a part, and lines of a piece.
CONVERSATION_BATCH = 500
LINE_BATCH = 500


class CutOff(Exception):
    """The number is deleted while its conversations are written: the file must not look complete."""


class ExportWriter:
    """
    Yields a number's conversations as text, in the order in which they began and each with its messages, oldest
    first. Between two parts `position`, `conversations` and `messages` say how far it is; another writer that is
    given these continues there.
    """

    def __init__(
        self,
        number: WhatsAppNumber,
        file_format: str,
        moment: datetime | None = None,
        position: int = 0,
        conversations: int = 0,
        messages: int = 0,
    ) -> None:
        self.number = number
        self.format: ExportFormat = FORMATS[file_format](number)
        self.moment = moment or timezone.now()
        self.position, self.conversations, self.messages = position, conversations, messages
        # A streamed response is written after the request's language is over.
        self.language = get_language()

    def whole(self) -> Iterator[str]:
        """All pieces of the file. Raises CutOff."""
        yield self.head()
        for part in self.parts():
            yield from part
        if not WhatsAppNumber.objects.not_being_deleted().filter(pk=self.number.pk).exists():
            raise CutOff
        yield self.total()

    def head(self) -> str:
        return self.format.head()

    def parts(self) -> Iterator[Iterator[str]]:
        """Some conversations at a time, as pieces that are to be written before the next part is asked for."""
        while conversations := list(self._next_conversations()):
            yield self._pieces(conversations)

    def total(self) -> str:
        """The last line."""
        with override(self.language):
            return self.format.total(self.conversations, self.messages)

    def note_exported(self) -> None:
        """Note on the number that somebody has the whole file."""
        earlier = Q(exported_at=None) | Q(exported_at__lt=self.moment)
        WhatsAppNumber.objects.filter(earlier, pk=self.number.pk).update(exported_at=self.moment)

    def _next_conversations(self) -> QuerySet[Conversation]:
        stored = Conversation.objects.not_being_deleted().filter(
            whatsapp_number=self.number, created_at__lte=self.moment
        )
        following = stored.filter(pk__gt=self.position).order_by("pk")[:CONVERSATION_BATCH]
        return following.select_related("customer", "assignee").prefetch_related("customer__tags")

    def _pieces(self, conversations: list[Conversation]) -> Iterator[str]:
        lines = []
        for line in self._lines(conversations):
            lines.append(line)
            if len(lines) == LINE_BATCH:
                yield "".join(lines)
                lines = []
        yield "".join(lines)
        self.position = conversations[-1].pk

    def _lines(self, conversations: list[Conversation]) -> Iterator[str]:
        rows = self._messages(conversations)
        row = next(rows, None)
        for conversation in conversations:
            self.conversations += 1
            yield self.format.conversation(conversation)
            while row and row["conversation"] == conversation.pk:
                self.messages += 1
                yield self.format.message(conversation, row)
                row = next(rows, None)

    def _messages(self, conversations: list[Conversation]) -> Iterator[dict[str, Any]]:
        stored = Message.objects.filter(conversation__in=conversations, created_at__lte=self.moment)
        in_order = stored.order_by("conversation_id", "timestamp", "pk")
        rows = in_order.values("conversation", "context_wamid", *self.format.fields).iterator(chunk_size=1000)
        while batch := list(islice(rows, LINE_BATCH)):
            quoted = quoted_by((self.number.pk, row["context_wamid"]) for row in batch)
            for row in batch:
                yield {**row, "quoted": quoted.get((self.number.pk, row["context_wamid"]))}
