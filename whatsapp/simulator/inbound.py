"""What a customer can send: each is an element of a webhook's `messages` without sender, id and time."""

import base64

from .http import Json
from .media import Media


def text(body: str) -> Json:
    return {"type": "text", "text": {"body": body}}


def button_reply(choice_id: str, title: str) -> Json:
    """A tap on a button of an interactive message."""
    return {
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": choice_id, "title": title}},
    }


def list_reply(choice_id: str, title: str, description: str = "") -> Json:
    """A row chosen from a list message."""
    row = {"id": choice_id, "title": title}
    if description:
        row["description"] = description
    return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}}


def quick_reply(payload: str, title: str) -> Json:
    """A tap on a template's quick reply button."""
    return {"type": "button", "button": {"payload": payload, "text": title}}


def reaction(wamid: str, emoji: str) -> Json:
    """A reaction to a message; without an emoji it is taken back."""
    return {"type": "reaction", "reaction": {"message_id": wamid, **({"emoji": emoji} if emoji else {})}}


def file(media: Media, caption: str = "") -> Json:
    """A picture, video, audio, sticker or document that is at Meta; audio and stickers have no caption."""
    kind = _kind(media.mime)
    is_voice = media.mime == "audio/ogg"
    mime = "audio/ogg; codecs=opus" if is_voice else media.mime
    content: Json = {"mime_type": mime, "sha256": _digest(media), "id": media.id}
    if kind == "audio":
        content["voice"] = is_voice
    elif kind == "sticker":
        content["animated"] = False
    elif caption:
        content["caption"] = caption
    if kind == "document":
        content["filename"] = media.name
    return {"type": kind, kind: content}


def _kind(mime: str) -> str:
    if mime == "image/webp":
        return "sticker"
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "video", "audio") else "document"


def _digest(media: Media) -> str:
    """Webhooks carry the SHA-256 in base64, unlike Graph's answers."""
    return base64.b64encode(bytes.fromhex(media.sha256)).decode()
