"""A conversation as people read it: what was said, oldest first, with what belongs to each message."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm.media.response import SHOWN
from crm.models import MediaFile, Message
from crm.models.message import ANNOTATION_TYPES, MEDIA_TYPES
from whatsapp.models import OutboundMessage, outbound_models

from .message_summaries import readable

PAGE_SIZE = 50

#: How a status looks beside its name.
TICKS = {
    "queued": "◷",
    "sending": "◷",
    "accepted": "✓",
    "sent": "✓",
    "delivered": "✓✓",
    "read": "✓✓",
    "failed": "✕",
    "unknown": "?",
}


@dataclass
class Entry:
    """One bubble, or one line about the conversation, of the thread."""

    row: OutboundMessage
    written_at: datetime
    is_inbound: bool = False
    type: str = "template"
    written_by: str = ""
    text: str = ""
    media: str = ""
    file: MediaFile | None = None
    choices: list = field(default_factory=list)
    quoted: str = ""
    edited_text: str = ""
    is_revoked: bool = False
    reactions: list = field(default_factory=list)

    @property
    def is_line(self):
        return self.type == "system"

    @property
    def awaits_decision(self):
        """Whether a person is to say what became of it; broadcasts have a page of their own for that."""
        return isinstance(self.row, Message) and self.row.status == Message.Status.UNKNOWN

    @property
    def player(self):
        """How the stored file is shown: as an image, by a player of audio or video, or else as a link."""
        kind = self.file.mime.partition("/")[0]
        return kind if self.file.mime in SHOWN and kind in ("image", "audio", "video") else "link"

    @property
    def tick(self):
        return TICKS.get(self.row.status, "")

    @property
    def day(self):
        return timezone.localdate(self.written_at)

    @property
    def key(self):
        """Names the row among those of all models."""
        return f"{self.row._meta.model_name}-{self.row.pk}"


@dataclass(frozen=True)
class Page:
    """Up to PAGE_SIZE messages with the broadcasts among them; `older` is the cursor of the page before, if any."""

    entries: list
    older: str = ""


def page(conversation, before=""):
    """The newest page of a conversation, or the page before a cursor that an earlier page gave."""
    cursor = parse_cursor(before)
    messages = messages_before(conversation, cursor)[: PAGE_SIZE + 1]
    messages = list(reversed(messages))
    has_older = len(messages) > PAGE_SIZE
    messages = messages[-PAGE_SIZE:]
    entries = [entry_of_message(message) for message in messages]
    since = messages[0].timestamp if has_older else None
    entries += [entry_of_other(row) for row in others(conversation, since, cursor and cursor[0])]
    annotate(conversation, entries)
    entries.sort(key=lambda entry: (entry.written_at, entry.row.pk))
    return Page(entries, older=make_cursor(messages[0]) if has_older else "")


def messages_before(conversation, cursor):
    messages = conversation.messages.exclude(type__in=ANNOTATION_TYPES).select_related("author", "media_file")
    if cursor:
        timestamp, pk = cursor
        messages = messages.filter(Q(timestamp__lt=timestamp) | Q(timestamp=timestamp, pk__lt=pk))
    return messages.order_by("-timestamp", "-pk")


def make_cursor(message):
    return f"{message.timestamp.isoformat()}_{message.pk}"


def parse_cursor(text):
    """(timestamp, id) of a cursor; None for the newest page, and for what is no cursor."""
    timestamp, _separator, pk = text.partition("_")
    try:
        return datetime.fromisoformat(timestamp).astimezone(UTC), int(pk)
    except (ValueError, OverflowError):
        return None


def others(conversation, since, until):
    """What other apps sent to this customer through this number, such as broadcasts."""
    for model in outbound_models():
        if model is Message:
            continue
        rows = model.in_thread(conversation.whatsapp_number_id, conversation.customer_id)
        if since:
            rows = rows.filter(written_at__gte=since)
        if until:
            rows = rows.filter(written_at__lt=until)
        yield from rows[:PAGE_SIZE]


def entry_of_message(message):
    body = body_of(message)
    is_media = message.type in MEDIA_TYPES
    return Entry(
        row=message,
        written_at=message.timestamp,
        is_inbound=message.direction == Message.Direction.IN,
        type=message.type,
        written_by=writer(message),
        text=str(body.get("caption") or "") if is_media else message.text,
        media=readable(message.type, message.content) if is_media else "",
        file=message.media if is_media else None,
        choices=choices(body),
    )


def body_of(message: Message) -> dict[str, Any]:
    """What a message says of its type, as far as it has the shape of a message."""
    body = message.content.get(message.type) if isinstance(message.content, dict) else None
    return body if isinstance(body, dict) else {}


def writer(message):
    if message.origin == Message.Origin.PERSON and message.author:
        return str(message.author)
    return message.get_origin_display()


def choices(body):
    """The labels under a message that offers buttons or a list (Cloud API, "Interactive messages")."""
    action = body.get("action")
    if not isinstance(action, dict):
        return []
    buttons = [button.get("reply") for button in _dicts(action.get("buttons"))]
    rows = [row for section in _dicts(action.get("sections")) for row in _dicts(section.get("rows"))]
    return [str(choice.get("title") or "") for choice in _dicts([*buttons, *rows])]


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def entry_of_other(row):
    return Entry(row=row, written_at=row.written_at, written_by=row.written_by, text=row.text)


def annotate(conversation, entries):
    """Put reactions, edits, revokes and quotations where they belong."""
    by_wamid = {entry.row.wamid: entry for entry in entries if entry.row.wamid}
    latest_reactions = {}
    for event in conversation.messages.filter(type__in=ANNOTATION_TYPES, context_wamid__in=by_wamid).order_by("pk"):
        entry = by_wamid[event.context_wamid]
        if event.type == "reaction":
            latest_reactions[event.context_wamid, event.direction] = body_of(event).get("emoji")
        elif event.type == "edit":
            entry.edited_text = event.text
        else:
            entry.is_revoked = True
    for (wamid, _direction), emoji in latest_reactions.items():
        if emoji:
            by_wamid[wamid].reactions.append(emoji)
    quote(conversation, entries)


def quote(conversation, entries):
    wanted = {entry.row.context_wamid for entry in entries if getattr(entry.row, "context_wamid", "")}
    rows = Message.objects.filter(whatsapp_number=conversation.whatsapp_number_id, wamid__in=wanted)
    texts = dict(rows.values_list("wamid", "text")) if wanted else {}
    for entry in entries:
        entry.quoted = texts.get(getattr(entry.row, "context_wamid", ""), "")
