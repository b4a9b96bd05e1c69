"""
Reads one change of a webhook into dataclasses. Pure: no database, no clock, no language.

Meta's documents and its webhooks differ, so everything is optional that can be. An element that cannot be read is
named in `Change.errors` and does not stop the others. What the elements look like: Webhooks, "messages" (which holds
the statuses too) and "user_preferences".
"""

import dataclasses
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from whatsapp.phone_numbers import from_wa_id
from whatsapp.sending.statuses import Pricing, StatusUpdate

logger = logging.getLogger(__name__)

#: The year 2100, later than any webhook: Meta's timestamps are seconds, but milliseconds have been seen.
MAX_TIMESTAMP = 4_102_444_800

MAX_WAMID_LENGTH = 255

#: An element of one of the lists in a change.
Element = dict[str, Any]

T = TypeVar("T")


class _Unreadable(ValueError):
    """An element lacks what it is worth storing for."""


@dataclasses.dataclass(frozen=True)
class Contact:
    """A person as WhatsApp knows them: a phone, a WhatsApp user id, or both."""

    phone: str | None
    user_id: str | None
    name: str = ""


@dataclasses.dataclass(frozen=True)
class InboundMessage:
    """
    One element of `messages[]`, which is `content`. `text` is what the person wrote, tapped or captioned, empty where
    they wrote nothing. `choice_id` is the id of a tapped button or list row. `new_phone` is the one that
    the sender has from now on, when the message says so.
    """

    wamid: str
    sender_phone: str | None
    sender_user_id: str | None
    profile_name: str
    timestamp: datetime
    type: str
    text: str
    choice_id: str | None
    context_wamid: str
    content: dict[str, Any]
    new_phone: str | None = None


@dataclasses.dataclass(frozen=True)
class Preference:
    """A person stopped or resumed marketing messages in WhatsApp itself."""

    phone: str | None
    user_id: str | None
    wants_marketing: bool
    timestamp: datetime | None


@dataclasses.dataclass(frozen=True)
class Change:
    """One change of a webhook. `errors` says which of its elements could not be read."""

    field: str
    value: object = dataclasses.field(repr=False)
    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[StatusUpdate, ...] = ()
    contacts: tuple[Contact, ...] = ()
    preferences: tuple[Preference, ...] = ()
    errors: tuple[str, ...] = ()


def parse(field: str, value: object, received_at: datetime | None = None) -> Change:
    """The Change of a webhook's `field` and `value`. A message without a time gets `received_at`."""
    errors: list[str] = []
    contacts = _each(value, "contacts", _contact, errors)
    return Change(
        field=field,
        value=value,
        contacts=contacts,
        messages=_each(value, "messages", lambda element: _message(element, contacts, received_at), errors),
        statuses=_each(value, "statuses", lambda element: _status(element, received_at), errors),
        preferences=_each(value, "user_preferences", _preference, errors),
        errors=tuple(errors),
    )


def _each(value: object, name: str, read: Callable[[Element], T], errors: list[str]) -> tuple[T, ...]:
    """What `read` makes of each element of the list of a name; what it cannot read is added to `errors`."""
    elements = value.get(name) if isinstance(value, dict) else None
    found = []
    for position, element in enumerate(elements if isinstance(elements, list) else ()):
        try:
            if not isinstance(element, dict):
                raise _Unreadable("not an object")
            found.append(read(element))
        except _Unreadable as trouble:
            errors.append(f"{name}[{position}]: {trouble}")
        except Exception as error:
            # A fault of this module is worth its siblings as little as one of Meta's.
            logger.exception("%s[%d] of a webhook could not be read.", name, position)
            errors.append(f"{name}[{position}]: {type(error).__name__}")
    return tuple(found)


def _contact(element: Element) -> Contact:
    phone, user_id = _identity(element.get("wa_id"), element.get("user_id"))
    return Contact(phone, user_id, _text(element, "profile", "name"))


def _message(element: Element, contacts: tuple[Contact, ...], received_at: datetime | None) -> InboundMessage:
    sender = _sender(element, contacts)
    kind = element.get("type")
    kind = kind[:30] if isinstance(kind, str) and kind else "unknown"
    return InboundMessage(
        wamid=_wamid(element),
        sender_phone=sender.phone,
        sender_user_id=sender.user_id,
        profile_name=sender.name,
        timestamp=_time(element.get("timestamp")) or received_at or _refuse("no timestamp"),
        type=kind,
        text=_written(element, kind),
        choice_id=_choice_id(element, kind),
        context_wamid=_context_wamid(element, kind),
        content=element,
        new_phone=_new_phone(element, kind),
    )


def _sender(element: Element, contacts: tuple[Contact, ...]) -> Contact:
    """Who wrote, completed from the contact that shares the phone or the user id."""
    phone, user_id = _identity(element.get("from"), element.get("from_user_id"))
    if not phone and not user_id and len(contacts) == 1:
        [contact] = contacts
    else:
        theirs = (
            contact
            for contact in contacts
            if (phone and contact.phone == phone) or (user_id and contact.user_id == user_id)
        )
        contact = next(theirs, Contact(None, None))
    sender = Contact(phone or contact.phone, user_id or contact.user_id, contact.name)
    return sender if sender.phone or sender.user_id else _refuse("no sender")


def _status(element: Element, received_at: datetime | None) -> StatusUpdate:
    status = element.get("status")
    token = element.get("biz_opaque_callback_data")
    errors = element.get("errors")
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = error.get("code")
    return StatusUpdate(
        wamid=_wamid(element),
        status=status if isinstance(status, str) else _refuse("no status"),
        timestamp=_time(element.get("timestamp")) or received_at or _refuse("no timestamp"),
        token=token if isinstance(token, str) and token else None,
        error_code=code if isinstance(code, int) and abs(code) < 2**31 else None,
        error_title=_text(error, "error_data", "details") or _text(error, "title"),
        pricing=_pricing(element.get("pricing")),
        recipient=_recipient(element),
    )


def _pricing(value: object) -> Pricing | None:
    """What Meta charges; None where it does not say."""
    if not isinstance(value, dict) or not value:
        return None
    billable = value.get("billable")
    return Pricing(
        category=_text(value, "category")[:40],
        type=_text(value, "type")[:40],
        billable=billable if isinstance(billable, bool) else None,
        model=_text(value, "pricing_model")[:20],
    )


def _recipient(element: Element) -> str:
    """Whom a status is about: a phone, or else a WhatsApp user id."""
    phone, user_id = _identity(element.get("recipient_id"), element.get("recipient_user_id"))
    return phone or user_id or ""


def _preference(element: Element) -> Preference:
    phone, user_id = _identity(element.get("wa_id"), element.get("user_id"))
    if not phone and not user_id:
        _refuse("no person")
    if element.get("category") != "marketing_messages" or element.get("value") not in ("stop", "resume", "signup"):
        _refuse("not about marketing messages")
    return Preference(phone, user_id, element["value"] != "stop", _time(element.get("timestamp")))


def _identity(wa_id: object, user_id: object) -> tuple[str | None, str | None]:
    """(E.164, user id) of a person; a user id has been seen in the place of the phone."""
    digits = str(wa_id).lstrip("+") if isinstance(wa_id, str | int) else ""
    phone = from_wa_id(digits) if re.fullmatch(r"[0-9]{5,15}", digits) else None
    for candidate in (user_id, digits):
        if isinstance(candidate, str) and re.fullmatch(r"[A-Z]{2}\.[A-Za-z0-9.]{1,130}", candidate):
            return phone, candidate
    return phone, None


def _written(element: Element, kind: str) -> str:
    """What the person wrote, tapped or captioned."""
    match kind:
        case "text":
            return _text(element, "text", "body")
        case "button":
            return _text(element, "button", "text")
        case "interactive":
            reply = element.get("interactive")
            return _text(reply, "button_reply", "title") or _text(reply, "list_reply", "title")
        case "reaction":
            return _text(element, "reaction", "emoji")
        case "edit":
            edit = element.get("edit")
            message = edit.get("message") if isinstance(edit, dict) else None
            inner = _text(message, "type")
            return _written(message, inner) if isinstance(message, dict) and inner and inner != kind else ""
        case _:
            return _text(element, kind, "caption")


def _choice_id(element: Element, kind: str) -> str | None:
    if kind == "button":
        return _text(element, "button", "payload") or None
    reply = element.get("interactive")
    return _text(reply, "button_reply", "id") or _text(reply, "list_reply", "id") or None


def _context_wamid(element: Element, kind: str) -> str:
    """The wamid this message answers, reacts to, edits or revokes."""
    wamid = (
        _text(element, "context", "id")
        or _text(element, "reaction", "message_id")
        or _text(element, kind, "original_message_id")
    )
    return wamid if len(wamid) <= MAX_WAMID_LENGTH else ""


def _new_phone(element: Element, kind: str) -> str | None:
    system = element.get("system") if kind == "system" else None
    if not isinstance(system, dict) or system.get("type") != "user_changed_number":
        return None
    return _identity(system.get("wa_id"), None)[0]


def _wamid(element: Element) -> str:
    wamid = element.get("id")
    if not isinstance(wamid, str) or not 0 < len(wamid) <= MAX_WAMID_LENGTH:
        _refuse("no id")
    return wamid


def _time(value: Any) -> datetime | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if seconds > MAX_TIMESTAMP:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= MAX_TIMESTAMP else None


def _text(element: Any, *path: str) -> str:
    """The text at a path of keys, empty when there is none."""
    for key in path:
        element = element.get(key) if isinstance(element, dict) else None
    return element if isinstance(element, str) else ""


def _refuse(why: str) -> NoReturn:
    raise _Unreadable(why)
