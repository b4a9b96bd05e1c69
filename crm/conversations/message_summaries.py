"""What a person reads where a message has no words of its own, in the language that is active."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def readable(message_type, content):
    """A sentence or word for a message of `message_type`; `content` is the element of the webhook's `messages[]`."""
    content = content if isinstance(content, dict) else {}
    body = content.get(message_type)
    describe = DESCRIPTIONS.get(message_type)
    if describe is None:
        return _("A message that cannot be shown here")
    return str(describe(body if isinstance(body, dict) else {}, content))


def audio(body, content):
    return _("Voice message") if body.get("voice") else _("Audio")


def document(body, content):
    return body.get("filename") or _("Document")


def location(body, content):
    place = ", ".join(str(part) for part in (body.get("name"), body.get("address")) if part)
    place = place or "{}, {}".format(body.get("latitude", "?"), body.get("longitude", "?"))
    return _("Location: %(place)s") % {"place": place}


def contacts(body, content):
    cards = content.get("contacts")
    names = [contact_name(card) for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    return _("Contact: %(names)s") % {"names": ", ".join(filter(None, names)) or "?"}


def contact_name(card):
    name = card.get("name")
    name = name if isinstance(name, dict) else {}
    return str(name.get("formatted_name") or name.get("first_name") or "")


def order(body, content):
    items = body.get("product_items")
    count = len(items) if isinstance(items, list) else 0
    sentence = ngettext("Order: %(count)d item", "Order: %(count)d items", count) % {"count": count}
    return f"{sentence}. {body['text']}" if body.get("text") else sentence


def reaction(body, content):
    return body.get("emoji") or _("Reaction taken back")


def system(body, content):
    return body.get("body") or _("A change at WhatsApp")


DESCRIPTIONS = {
    "text": lambda body, content: body.get("body") or _("Empty message"),
    "image": lambda body, content: _("Photo"),
    "video": lambda body, content: _("Video"),
    "audio": audio,
    "document": document,
    "sticker": lambda body, content: _("Sticker"),
    "location": location,
    "contacts": contacts,
    "reaction": reaction,
    "interactive": lambda body, content: _("Answer to a form"),
    "button": lambda body, content: _("Button"),
    "order": order,
    "system": system,
    "request_welcome": lambda body, content: _("Opened the chat"),
    "edit": lambda body, content: _("Edited a message"),
    "revoke": lambda body, content: _("Deleted a message"),
}
