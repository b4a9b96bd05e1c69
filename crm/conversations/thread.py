"""A conversation as people read it: what was said, oldest first, with what belongs to each message."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.media.response import INLINE_TYPES
from crm.models import Conversation, MediaFile, Message
from crm.models.message import ANNOTATION_TYPES, LINE_TYPES, MEDIA_TYPES, NOTE_TYPE
from whatsapp.message_templates import sent_headers
from whatsapp.models import OutboundMessage, outbound_models

from .details import Details, details_of
from .message_texts import message_text, shown_text
from .quotes import quoted_by

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
    details: Details | None = None
    choices: list[str] = field(default_factory=list)
    quoted: str = ""
    edited_text: str = ""
    is_revoked: bool = False
    reactions: list[str] = field(default_factory=list)
    #: Why a bot said it (crm.inbox.reasons), where that is asked.
    reason: Any = None

    @property
    def is_line(self) -> bool:
        return self.type in LINE_TYPES

    @property
    def awaits_decision(self) -> bool:
        """Whether a person is to say what became of it; broadcasts have a page of their own for that."""
        return isinstance(self.row, Message) and self.row.status == Message.Status.UNKNOWN

    @property
    def is_note(self) -> bool:
        """Whether colleagues tell it each other, and no customer sees it."""
        return self.type == NOTE_TYPE

    @property
    def may_be_retried(self) -> bool:
        """Whether it did not go out, so that a person may have it tried again."""
        return isinstance(self.row, Message) and self.row.status == Message.Status.FAILED

    @property
    def may_be_answered(self) -> bool:
        """Whether WhatsApp knows it, so that it can be quoted and reacted to."""
        return isinstance(self.row, Message) and bool(self.row.wamid) and not self.is_line

    @property
    def player(self) -> str:
        """How the stored file is shown: "image", "audio", "video", or else as a "link"."""
        mime = self.file.mime if self.file else ""
        kind = mime.partition("/")[0]
        return kind if mime in INLINE_TYPES and kind in ("image", "audio", "video") else "link"

    @property
    def tick(self) -> str:
        return TICKS.get(self.row.status, "")

    @property
    def day(self) -> date:
        return timezone.localdate(self.written_at)

    @property
    def key(self) -> str:
        """The row's name among those of all models."""
        return f"{self.row._meta.model_name}-{self.row.pk}"


@dataclass(frozen=True)
class Page:
    """Up to PAGE_SIZE messages with the broadcasts among them; `older` is the cursor of the page before, if any."""

    entries: list[Entry]
    older: str = ""


def page(conversation: Conversation, before: str = "") -> Page:
    """The newest page of a conversation, or the page before a cursor that an earlier page gave."""
    cursor = _parse_cursor(before)
    messages = list(reversed(_messages_before(conversation, cursor)[: PAGE_SIZE + 1]))
    has_older = len(messages) > PAGE_SIZE
    messages = messages[-PAGE_SIZE:]
    entries = [_entry_of_message(message) for message in messages]
    since = messages[0].timestamp if has_older else None
    entries += [_entry_of_other(row) for row in _others(conversation, since, cursor and cursor[0])]
    _annotate(conversation, entries)
    _quote(conversation, entries)
    _name_files_of_templates(conversation, entries)
    entries.sort(key=lambda entry: (entry.written_at, entry.row.pk))
    return Page(entries, older=_cursor(messages[0]) if has_older else "")


def _messages_before(conversation: Conversation, cursor: tuple[datetime, int] | None) -> QuerySet[Message]:
    messages = conversation.messages.exclude(type__in=ANNOTATION_TYPES).select_related("author", "media_file")
    if cursor:
        timestamp, pk = cursor
        messages = messages.filter(Q(timestamp__lt=timestamp) | Q(timestamp=timestamp, pk__lt=pk))
    return messages.order_by("-timestamp", "-pk")


def cursor_after(day: date) -> str:
    """The cursor of the page that ends with a day, in the time zone that is active."""
    end = timezone.make_aware(datetime.combine(day, time.max))
    return f"{end.isoformat()}_0"


def _cursor(message: Message) -> str:
    return f"{message.timestamp.isoformat()}_{message.pk}"


def _parse_cursor(text: str) -> tuple[datetime, int] | None:
    """(timestamp, id) of a cursor; None for the newest page, and for what is no cursor."""
    timestamp, _separator, pk = text.partition("_")
    try:
        return datetime.fromisoformat(timestamp).astimezone(UTC), int(pk)
    except (ValueError, OverflowError):
        return None


def _others(conversation: Conversation, since: datetime | None, until: datetime | None) -> Iterator[OutboundMessage]:
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


def received(conversation: Conversation, limit: int) -> list[OutboundMessage]:
    """The last things that other apps sent to this customer through this number, the latest first."""
    models = [model for model in outbound_models() if model is not Message]
    ids = (conversation.whatsapp_number_id, conversation.customer_id)
    rows: list[Any] = [row for model in models for row in model.in_thread(*ids).order_by("-pk")[:limit]]
    return sorted(rows, key=lambda row: row.written_at, reverse=True)[:limit]


def _entry_of_message(message: Message) -> Entry:
    body = _body(message)
    is_media = message.type in MEDIA_TYPES
    return Entry(
        row=message,
        written_at=message.timestamp,
        is_inbound=message.direction == Message.Direction.IN,
        type=message.type,
        written_by=_writer(message),
        text=str(body.get("caption") or "") if is_media else shown_text(message.type, message.text, message.content),
        media=message_text(message.type, message.content) if is_media else "",
        file=message.media if is_media else None,
        details=details_of(message.type, message.content),
        choices=_choices(body),
    )


def _body(message: Message) -> dict[str, Any]:
    """What a message says of its type, as far as it has the shape of a message."""
    body = message.content.get(message.type) if isinstance(message.content, dict) else None
    return body if isinstance(body, dict) else {}


def _writer(message: Message) -> str:
    if message.origin == Message.Origin.PERSON and message.author:
        return str(message.author)
    return message.get_origin_display()


def _choices(body: dict[str, Any]) -> list[str]:
    """The labels under a message that offers buttons or a list (Cloud API, "Interactive messages")."""
    action = body.get("action")
    if not isinstance(action, dict):
        return []
    buttons = [button.get("reply") for button in _dicts(action.get("buttons"))]
    rows = [row for section in _dicts(action.get("sections")) for row in _dicts(section.get("rows"))]
    return [str(choice.get("title") or "") for choice in _dicts([*buttons, *rows])]


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _entry_of_other(row: Any) -> Entry:
    return Entry(row=row, written_at=row.written_at, written_by=row.written_by, text=row.text)


def _annotate(conversation: Conversation, entries: list[Entry]) -> None:
    """Put reactions, edits and revokes where they belong."""
    by_wamid = {entry.row.wamid: entry for entry in entries if entry.row.wamid}
    latest_reactions: dict[tuple[str, str], str] = {}
    for event in conversation.messages.filter(type__in=ANNOTATION_TYPES, context_wamid__in=by_wamid).order_by("pk"):
        entry = by_wamid[event.context_wamid]
        if event.type == "reaction":
            latest_reactions[event.context_wamid, event.direction] = str(_body(event).get("emoji") or "")
        elif event.type == "edit":
            entry.edited_text = shown_text(event.type, event.text, event.content)
        else:
            entry.is_revoked = True
    for (wamid, _direction), emoji in latest_reactions.items():
        if emoji:
            by_wamid[wamid].reactions.append(emoji)


def _quote(conversation: Conversation, entries: list[Entry]) -> None:
    """Put the text of what each one answers beside it, also where that was a broadcast."""
    number_id = conversation.whatsapp_number_id
    answers = {entry.key: (number_id, getattr(entry.row, "context_wamid", "")) for entry in entries}
    quoted = quoted_by(answers.values())
    for entry in entries:
        answered = quoted.get(answers[entry.key])
        entry.quoted = answered.text if answered else ""


def _name_files_of_templates(conversation: Conversation, entries: list[Entry]) -> None:
    """Say which picture, film or document a template was sent with."""
    by_pk = {entry.row.pk: entry for entry in entries if entry.type == "template" and isinstance(entry.row, Message)}
    medias = media_of_templates(
        [cast(Message, entry.row) for entry in by_pk.values()], conversation.whatsapp_number_id
    )
    for pk, media in medias.items():
        by_pk[pk].media = media


def media_of_templates(messages: Iterable[Message], number_id: int) -> dict[int, str]:
    """What stands at the top of templates sent through a number, by the messages' ids."""
    # What comes from the owner's phone may have any shape.
    ours = [message for message in messages if message.type == "template" and message.origin != Message.Origin.PHONE]
    return sent_headers.media_of({message.pk: message.content for message in ours}, number_id)
