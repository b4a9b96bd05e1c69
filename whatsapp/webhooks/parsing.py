"""
Reads one change of a webhook into dataclasses. Pure: no database, no clock, no language.

Meta's documents and its webhooks differ, so everything is optional that can be. An element that cannot be read is
named in `Change.errors` and does not stop the others. What the elements look like: Webhooks, "messages".
"""

import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from whatsapp.phone_numbers import from_wa_id
from whatsapp.sending.statuses import StatusUpdate

logger = logging.getLogger(__name__)

#: Later than any webhook; Meta's timestamps are seconds, but milliseconds have been seen.
YEAR_2100 = 4_102_444_800

LONGEST_WAMID = 255


class Unreadable(ValueError):
    """An element that says nothing we could keep."""


@dataclass(frozen=True)
class Contact:
    """A person as WhatsApp knows them: a phone, a WhatsApp user id, or both."""

    phone: str | None
    user_id: str | None
    name: str = ""


@dataclass(frozen=True)
class InboundMessage:
    """
    One element of `messages[]`, which is `content`. `text` is what the person wrote, tapped or captioned, empty where
    there are no words of theirs. `choice_id` is the id of a tapped button or list row. `new_phone` is the one that
    the sender has from now on, when that is what the message tells.
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
    content: dict
    new_phone: str | None = None


@dataclass(frozen=True)
class Preference:
    """A person stopped or resumed marketing messages in WhatsApp itself."""

    phone: str | None
    user_id: str | None
    wants_marketing: bool
    timestamp: datetime | None


@dataclass(frozen=True)
class Change:
    """One change of a webhook. `errors` says which of its elements could not be read."""

    field: str
    value: object = field(repr=False)
    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[StatusUpdate, ...] = ()
    contacts: tuple[Contact, ...] = ()
    preferences: tuple[Preference, ...] = ()
    errors: tuple[str, ...] = ()


def parse(field, value, received_at=None):
    """The Change of a webhook's `field` and `value`. A message without a time is taken to be of `received_at`."""
    errors = []
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


def _each(value, name, read, errors):
    elements = value.get(name) if isinstance(value, dict) else None
    found = []
    for position, element in enumerate(elements if isinstance(elements, list) else ()):
        try:
            if not isinstance(element, dict):
                raise Unreadable("not an object")
            found.append(read(element))
        except Unreadable as trouble:
            errors.append(f"{name}[{position}]: {trouble}")
        except Exception as error:
            # A fault of this module is worth its siblings as little as one of Meta's.
            logger.exception("%s[%d] of a webhook could not be read.", name, position)
            errors.append(f"{name}[{position}]: {type(error).__name__}")
    return tuple(found)


def _contact(element):
    phone, user_id = _identity(element.get("wa_id"), element.get("user_id"))
    return Contact(phone, user_id, _text(element, "profile", "name"))


def _message(element, contacts, received_at):
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
        text=_words(element, kind),
        choice_id=_choice_id(element, kind),
        context_wamid=_context_wamid(element, kind),
        content=element,
        new_phone=_new_phone(element, kind),
    )


def _sender(element, contacts):
    """Who wrote, completed from the contact that shares the phone or the user id."""
    phone, user_id = _identity(element.get("from"), element.get("from_user_id"))
    known = [
        contact
        for contact in contacts
        if (phone and contact.phone == phone) or (user_id and contact.user_id == user_id)
    ]
    if not known and not phone and not user_id and len(contacts) == 1:
        known = contacts
    contact = known[0] if known else Contact(None, None)
    sender = Contact(phone or contact.phone, user_id or contact.user_id, contact.name)
    return sender if sender.phone or sender.user_id else _refuse("no sender")


def _status(element, received_at):
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
    )


def _preference(element):
    phone, user_id = _identity(element.get("wa_id"), element.get("user_id"))
    if not phone and not user_id:
        _refuse("no person")
    if element.get("category") != "marketing_messages" or element.get("value") not in ("stop", "resume", "signup"):
        _refuse("not about marketing messages")
    return Preference(phone, user_id, element["value"] != "stop", _time(element.get("timestamp")))


def _identity(wa_id, user_id):
    """(E.164, user id) of a person; a user id has been seen in the place of the phone."""
    wa_id = str(wa_id).lstrip("+") if isinstance(wa_id, str | int) else ""
    phone = from_wa_id(wa_id) if re.fullmatch(r"[0-9]{5,15}", wa_id) else None
    for candidate in (user_id, wa_id):
        if isinstance(candidate, str) and re.fullmatch(r"[A-Z]{2}\.[A-Za-z0-9.]{1,130}", candidate):
            return phone, candidate
    return phone, None


def _words(element, kind):
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
            edited = element.get("edit")
            edited = edited.get("message") if isinstance(edited, dict) else None
            inner = edited.get("type") if isinstance(edited, dict) else None
            return _words(edited, inner) if isinstance(inner, str) and inner != kind else ""
        case _:
            return _text(element, kind, "caption")


def _choice_id(element, kind):
    if kind == "button":
        return _text(element, "button", "payload") or None
    reply = element.get("interactive")
    return _text(reply, "button_reply", "id") or _text(reply, "list_reply", "id") or None


def _context_wamid(element, kind):
    """The wamid this message answers, reacts to, edits or revokes."""
    wamid = (
        _text(element, "context", "id")
        or _text(element, "reaction", "message_id")
        or _text(element, kind, "original_message_id")
    )
    return wamid if len(wamid) <= LONGEST_WAMID else ""


def _new_phone(element, kind):
    system = element.get("system") if kind == "system" else None
    if not isinstance(system, dict) or system.get("type") != "user_changed_number":
        return None
    return _identity(system.get("wa_id"), None)[0]


def _wamid(element):
    wamid = element.get("id")
    if not isinstance(wamid, str) or not 0 < len(wamid) <= LONGEST_WAMID:
        _refuse("no id")
    return wamid


def _time(value):
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if seconds > YEAR_2100:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= YEAR_2100 else None


def _text(element, *path):
    """The text at a path of keys, empty when there is none."""
    for key in path:
        element = element.get(key) if isinstance(element, dict) else None
    return element if isinstance(element, str) else ""


def _refuse(why):
    raise Unreadable(why)
