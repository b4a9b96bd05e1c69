"""What a person reads where a message has no text of its own, in the language that is active."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def message_text(message_type: str, content: Any) -> str:
    """A phrase for a message of `message_type`; `content` is the element of the webhook's `messages[]`."""
    content = content if isinstance(content, dict) else {}
    body = content.get(message_type)
    describe = _TEXTS.get(message_type)
    if describe is None:
        return _("A message that cannot be shown here")
    return str(describe(body if isinstance(body, dict) else {}, content))


#: A JSON object of Meta's.
_Json = dict[str, Any]


def _audio(body: _Json, content: _Json) -> str:
    return _("Voice message") if body.get("voice") else _("Audio")


def _document(body: _Json, content: _Json) -> str:
    return body.get("filename") or _("Document")


def _location(body: _Json, content: _Json) -> str:
    place = ", ".join(str(part) for part in (body.get("name"), body.get("address")) if part)
    place = place or "{}, {}".format(body.get("latitude", "?"), body.get("longitude", "?"))
    return _("Location: %(place)s") % {"place": place}


def _contacts(body: _Json, content: _Json) -> str:
    cards = content.get("contacts")
    names = [_contact_name(card) for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    return _("Contact: %(names)s") % {"names": ", ".join(filter(None, names)) or "?"}


def _contact_name(card: _Json) -> str:
    name = card.get("name")
    name = name if isinstance(name, dict) else {}
    return str(name.get("formatted_name") or name.get("first_name") or "")


def _order(body: _Json, content: _Json) -> str:
    items = body.get("product_items")
    count = len(items) if isinstance(items, list) else 0
    sentence = ngettext("Order: %(count)d item", "Order: %(count)d items", count) % {"count": count}
    return f"{sentence}. {body['text']}" if body.get("text") else sentence


def _reaction(body: _Json, content: _Json) -> str:
    return body.get("emoji") or _("Reaction removed")


def _system(body: _Json, content: _Json) -> str:
    return body.get("body") or _("A change in WhatsApp")


def _call(body: _Json, content: _Json) -> str:
    """What became of a call. Meta reports a duration, in seconds, of calls that were answered."""
    is_ours, seconds = body.get("direction") == "BUSINESS_INITIATED", body.get("duration")
    if body.get("event") != "terminate":
        return _("A call to the customer") if is_ours else _("A call")
    if body.get("status") == "FAILED" or not isinstance(seconds, int) or seconds <= 0:
        return _("A call to the customer, not answered") if is_ours else _("Missed call")
    length = "{}:{:02}".format(*divmod(seconds, 60))
    sentence = _("A call to the customer, %(length)s") if is_ours else _("A call, %(length)s")
    return sentence % {"length": length}


_TEXTS: dict[str, Callable[[_Json, _Json], str]] = {
    "text": lambda body, content: body.get("body") or _("Empty message"),
    "image": lambda body, content: _("Photo"),
    "video": lambda body, content: _("Video"),
    "audio": _audio,
    "document": _document,
    "sticker": lambda body, content: _("Sticker"),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "interactive": lambda body, content: _("Answer to a form"),
    "button": lambda body, content: _("Button"),
    "order": _order,
    "system": _system,
    "call": _call,
    "request_welcome": lambda body, content: _("Opened the chat"),
    "edit": lambda body, content: _("Edited a message"),
    "revoke": lambda body, content: _("Deleted a message"),
}
