"""What a customer can send: each is an element of a webhook's `messages` without sender, id and time."""

import base64


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


def file(media, caption=""):
    """A picture, film, sound, sticker or document that lies at Meta; only some of them have a caption."""
    kind = kind_of(media.mime)
    content = {"mime_type": media.mime, "sha256": webhook_digest(media), "id": media.id}
    if kind == "audio":
        content["voice"] = media.mime == "audio/ogg"
    elif kind == "sticker":
        content["animated"] = False
    elif caption:
        content["caption"] = caption
    if kind == "document":
        content["filename"] = media.name
    return {"type": kind, kind: content}


def kind_of(mime):
    if mime == "image/webp":
        return "sticker"
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "video", "audio") else "document"


def webhook_digest(media):
    """Webhooks have the digest in base64, other than the answer of Graph."""
    return base64.b64encode(bytes.fromhex(media.sha256)).decode()
