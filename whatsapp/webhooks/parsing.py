"""
Reads one change of a webhook into a Change. Pure: no database, no clock, no language.

Meta's documents and its webhooks differ, so everything is optional that can be. An element that cannot be read is
named in `Change.errors` and does not stop the others, as is one of a group. What the elements look like: Webhooks,
"messages" (which holds the statuses too), "user_preferences", "user_id_update", "smb_message_echoes" and "calls".
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from whatsapp.phone_numbers import from_wa_id
from whatsapp.sending.statuses import RANKS, SYNONYMS, Pricing, StatusUpdate

from .changes import Call, Change, Contact, Echo, InboundMessage, Preference, UserIdChange

logger = logging.getLogger(__name__)

#: The year 2100, later than any webhook: Meta's timestamps are seconds, but milliseconds have been seen.
MAX_TIMESTAMP = 4_102_444_800

MAX_WAMID_LENGTH = 255

#: The field of what the owner and customers had written before the number was connected (Webhooks, "history"). Its
#: `messages` look like those that come now, and would be answered.
HISTORY = "history"

#: What is kept of an element of `calls`. How the sound is carried is not: it holds addresses of people's networks.
CALL_KEYS = ("event", "direction", "status", "start_time", "end_time", "duration")

#: An element of one of the lists in a change.
Element = dict[str, Any]

T = TypeVar("T")


class _Unreadable(ValueError):
    """An element lacks what it is worth storing for."""


def parse(field: str, value: object, received_at: datetime | None = None) -> Change:
    """The Change of a webhook's `field` and `value`. A message without a time gets `received_at`."""
    if field == HISTORY:
        return Change(field, value)
    errors: list[str] = []
    contacts = _each(value, "contacts", _contact, errors)
    return Change(
        field=field,
        value=value,
        contacts=contacts,
        messages=_each(value, "messages", lambda element: _message(element, contacts, received_at), errors),
        statuses=_each(value, "statuses", lambda element: _status(element, received_at), errors),
        preferences=_each(value, "user_preferences", _preference, errors),
        echoes=_each(value, "message_echoes", lambda element: _echo(element, received_at), errors),
        calls=_each(value, "calls", lambda element: _call(element, contacts, received_at), errors),
        user_id_changes=_each(value, "user_id_update", _user_id_change, errors),
        errors=tuple(errors),
    )


def words_of(element: Any, kind: str) -> str:
    """What the person wrote, tapped or captioned in an element of `messages[]` of this type; empty where nothing."""
    match kind:
        case "text":
            return _text(element, "text", "body")
        case "button":
            return _text(element, "button", "text")
        case "interactive":
            return _text(element, kind, "button_reply", "title") or _text(element, kind, "list_reply", "title")
        case "reaction":
            return _text(element, "reaction", "emoji")
        case "edit":
            edit = element.get("edit") if isinstance(element, dict) else None
            message = edit.get("message") if isinstance(edit, dict) else None
            inner = _text(message, "type")
            return words_of(message, inner) if inner and inner != kind else ""
        case _:
            return _text(element, kind, "caption")


def _each(value: object, name: str, read: Callable[[Element], T], errors: list[str]) -> tuple[T, ...]:
    """What `read` makes of each element of the list of a name; what it cannot read is added to `errors`."""
    elements = value.get(name) if isinstance(value, dict) else None
    found = []
    for position, element in enumerate(elements if isinstance(elements, list) else ()):
        try:
            if not isinstance(element, dict):
                raise _Unreadable("not an object")
            if _is_of_group(element):
                raise _Unreadable("of a group, which is not acted on")
            found.append(read(element))
        except _Unreadable as trouble:
            errors.append(f"{name}[{position}]: {trouble}")
        except Exception as error:
            # A fault of this module is worth its siblings as little as one of Meta's.
            logger.exception("%s[%d] of a webhook could not be read.", name, position)
            errors.append(f"{name}[{position}]: {type(error).__name__}")
    return tuple(found)


def _is_of_group(element: Element) -> bool:
    """Whether it happened in a group: none of it belongs into a conversation with one person."""
    return bool(element.get("group_id")) or element.get("recipient_type") == "group"


def _contact(element: Element) -> Contact:
    phone, user_id = _identity(element.get("wa_id"), element.get("user_id"))
    return Contact(phone, user_id, _text(element, "profile", "name"), _username(element))


def _username(element: Element) -> str:
    """A WhatsApp username without the @ before it; empty for what cannot be one."""
    username = _text(element, "profile", "username").strip().removeprefix("@")
    return username if re.fullmatch(r"[\w.-]{1,100}", username) else ""


def _message(element: Element, contacts: tuple[Contact, ...], received_at: datetime | None) -> InboundMessage:
    sender = _sender(element, contacts)
    element = _with_current_type(element)
    kind = _kind(element)
    return InboundMessage(
        wamid=_wamid(element),
        sender_phone=sender.phone,
        sender_user_id=sender.user_id,
        profile_name=sender.name,
        timestamp=_time(element.get("timestamp")) or received_at or _refuse("no timestamp"),
        type=kind,
        text=words_of(element, kind),
        choice_id=_choice_id(element, kind),
        context_wamid=_context_wamid(element, kind),
        content=element,
        new_phone=_new_phone(element, kind),
        username=sender.username,
        new_user_id=_new_user_id(element, kind),
    )


def _echo(element: Element, received_at: datetime | None) -> Echo:
    phone, user_id = _identity(element.get("to"), element.get("to_user_id"))
    if not phone and not user_id:
        _refuse("no recipient")
    if phone and phone == _identity(element.get("from"), None)[0]:
        _refuse("to the number itself, which is not acted on")
    element = _with_current_type(element)
    kind = _kind(element)
    return Echo(
        wamid=_wamid(element),
        recipient_phone=phone,
        recipient_user_id=user_id,
        timestamp=_time(element.get("timestamp")) or received_at or _refuse("no timestamp"),
        type=kind,
        text=words_of(element, kind),
        context_wamid=_context_wamid(element, kind),
        content=element,
    )


def _call(element: Element, contacts: tuple[Contact, ...], received_at: datetime | None) -> Call:
    is_inbound = element.get("direction") != "BUSINESS_INITIATED"
    who = "from" if is_inbound else "to"
    caller = _sender({"from": element.get(who), "from_user_id": element.get(f"{who}_user_id")}, contacts)
    facts = {key: element[key] for key in CALL_KEYS if isinstance(element.get(key), str | int)}
    return Call(
        wamid=_wamid(element),
        phone=caller.phone,
        user_id=caller.user_id,
        profile_name=caller.name,
        timestamp=_time(element.get("timestamp")) or received_at or _refuse("no timestamp"),
        is_inbound=is_inbound,
        has_ended=element.get("event") == "terminate",
        content={"type": "call", "call": facts},
    )


def _kind(element: Element) -> str:
    kind = element.get("type")
    return kind[:30] if isinstance(kind, str) and kind else "unknown"


def _with_current_type(element: Element) -> Element:
    """A message as Meta writes it today: voice messages once had a type of their own."""
    if element.get("type") != "voice":
        return element
    voice = element.get("voice")
    others = {key: value for key, value in element.items() if key != "voice"}
    return {**others, "type": "audio", "audio": {**(voice if isinstance(voice, dict) else {}), "voice": True}}


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
    sender = Contact(phone or contact.phone, user_id or contact.user_id, contact.name, contact.username)
    return sender if sender.phone or sender.user_id else _refuse("no sender")


def _status(element: Element, received_at: datetime | None) -> StatusUpdate:
    status = element.get("status")
    if isinstance(status, str) and status not in RANKS and status not in SYNONYMS:
        _refuse(f"the status “{status[:30]}”, which is not acted on")
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


def _new_user_id(element: Element, kind: str) -> str | None:
    system = element.get("system") if kind == "system" else None
    if not isinstance(system, dict) or system.get("type") != "user_changed_user_id":
        return None
    return _identity(None, system.get("user_id"))[1]


def _user_id_change(element: Element) -> UserIdChange:
    previous = _identity(None, _text(element, "user_id", "previous"))[1]
    current = _identity(None, _text(element, "user_id", "current"))[1]
    if not previous or not current:
        _refuse("no user ids")
    return UserIdChange(previous, current)


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
