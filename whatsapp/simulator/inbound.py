"""What a customer can send: each is an element of a webhook's `messages` without sender, id and time."""

import secrets


def text(body):
    return {"type": "text", "text": {"body": body}}


def button_reply(choice_id, title):
    """A tap on a button of an interactive message."""
    return {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": choice_id, "title": title}},
    }


def list_reply(choice_id, title, description=""):
    """A row chosen from a list message."""
    row = {"id": choice_id, "title": title}
    if description:
        row["description"] = description
    return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}}


def quick_reply(payload, title):
    """A tap on a template's quick reply button."""
    return {"type": "button", "button": {"payload": payload, "text": title}}


def reaction(wamid, emoji):
    """A reaction to a message; without an emoji it is taken back."""
    return {"type": "reaction", "reaction": {"message_id": wamid, **({"emoji": emoji} if emoji else {})}}


def image(caption=""):
    """A picture, of which only the id and the caption exist."""
    picture = {"mime_type": "image/jpeg", "sha256": secrets.token_urlsafe(32), "id": str(secrets.randbelow(10**15))}
    if caption:
        picture["caption"] = caption
    return {"type": "image", "image": picture}
