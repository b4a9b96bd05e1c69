"""
What a person reads of a message, in the language that is active. The column `text` holds only what somebody wrote,
tapped or captioned; the phrase for a message without words is made here, when it is shown.
"""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from whatsapp.phone_numbers import readable_phone

from .details import call_of

#: What people call a message of a type; others are called as Meta calls them.
TYPES = {
    "text": gettext_lazy("Text"),
    "image": gettext_lazy("Photo"),
    "video": gettext_lazy("Video"),
    "audio": gettext_lazy("Audio"),
    "document": gettext_lazy("Document"),
    "sticker": gettext_lazy("Sticker"),
    "location": gettext_lazy("Place"),
    "contacts": gettext_lazy("Contact card"),
    "interactive": gettext_lazy("Menu, choice or form"),
    "button": gettext_lazy("Button"),
    "template": gettext_lazy("Template"),
    "order": gettext_lazy("Order"),
    "reaction": gettext_lazy("Reaction"),
    "system": gettext_lazy("Change in WhatsApp"),
    "call": gettext_lazy("Call"),
    "edit": gettext_lazy("Edit"),
    "revoke": gettext_lazy("Deletion"),
}


def type_text(message_type: str) -> str:
    """A type of messages as people call it."""
    return str(TYPES.get(message_type, message_type))


def shown_text(message_type: str, text: str, content: Any) -> str:
    """What is shown of a message wherever there is room for a text: its own words, or else a phrase."""
    return text or message_text(message_type, content)


def message_text(message_type: str, content: Any) -> str:
    """A phrase for a message of `message_type`; `content` is the element of the webhook's `messages[]`."""
    content = content if isinstance(content, dict) else {}
    body = content.get(message_type)
    describe = _TEXTS.get(message_type, _unreadable)
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
    """In our words, since Meta's are in English, unless only Meta's say what changed (Webhooks, "system")."""
    kind, phone = body.get("type"), body.get("wa_id")
    if kind == "user_changed_number" and isinstance(phone, str) and phone.isdecimal():
        return _("The customer's phone is now %(phone)s") % {"phone": readable_phone(f"+{phone}")}
    if kind == "user_changed_user_id":
        return _("The customer's WhatsApp user ID has changed")
    if kind == "customer_identity_changed":
        return _("The customer's security code has changed")
    return body.get("body") or _("A change in WhatsApp")


def _interactive(body: _Json, content: _Json) -> str:
    if "nfm_reply" in body:
        return _("Answer to a form")
    if "button_reply" in body or "list_reply" in body:
        return _("Button")
    if "call_permission_reply" in body:
        reply = body["call_permission_reply"]
        accepts = isinstance(reply, dict) and reply.get("response") == "accept"
        return _("May be called from now on") if accepts else _("Does not want to be called")
    return _unreadable(body, content)


def _unreadable(body: _Json, content: _Json) -> str:
    """What cannot be shown, and why (Webhooks, "unsupported")."""
    sentence = _("A message that cannot be shown here")
    kind, reason = _unsupported_kind(content), _reason(content.get("errors"))
    sentence = f"{sentence}: {kind}" if kind else sentence
    return f"{sentence}. {reason}" if reason else sentence


def _unsupported_kind(content: _Json) -> str:
    body = content.get("unsupported")
    kind = body.get("type") if isinstance(body, dict) else None
    names = {
        "poll_creation": _("a poll"),
        "poll_update": _("an answer to a poll"),
        "gif": _("an animated picture"),
        "pin": _("a message was pinned"),
        "event_creation": _("an event"),
        "view_once": _("a photo or film to be seen once"),
    }
    return names.get(kind, "") if isinstance(kind, str) else ""


def _reason(errors: Any) -> str:
    error = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(error, dict):
        return ""
    if error.get("code") == 131051:
        return _("WhatsApp passes messages of this kind on to nobody but its own apps. Ask for it in another form.")
    if error.get("code") == 131060:
        return _("WhatsApp did not pass the message on. Ask the customer to send it again.")
    data = error.get("error_data")
    said = (isinstance(data, dict) and data.get("details")) or error.get("message") or error.get("title")
    return _("WhatsApp says: %(reason)s") % {"reason": said} if isinstance(said, str) else ""


def _call(body: _Json, content: _Json) -> str:
    call = call_of(body)
    is_ours = call.direction == "out"
    if call.answered is None:
        return _("A call to the customer") if is_ours else _("A call")
    if not call.answered:
        return _("A call to the customer, not answered") if is_ours else _("Missed call")
    sentence = _("A call to the customer, %(length)s") if is_ours else _("A call, %(length)s")
    return sentence % {"length": call.length}


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
    "interactive": _interactive,
    "button": lambda body, content: _("Button"),
    "order": _order,
    "system": _system,
    "call": _call,
    "request_welcome": lambda body, content: _("Opened the chat"),
    "edit": lambda body, content: _("Edited a message"),
    "revoke": lambda body, content: _("Deleted a message"),
}
