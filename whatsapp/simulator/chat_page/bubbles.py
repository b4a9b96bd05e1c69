"""How a message looks on the customer's phone: one flat dict for the page, whatever Cloud API calls its parts."""

from django.utils.translation import gettext as _

from whatsapp.simulator.graph.envelope import MEDIA

from . import inbound

NOTHING = {
    "header": "",
    "text": "",
    "footer": "",
    "attachment": "",
    "attachment_icon": "clip",
    "choices": [],
    "list": None,
    "link": None,
}


def bubble(message, quoted=None, media=()):
    """
    `{id, mine, at, status, reactions, quote, chosen, header, text, footer, attachment, attachment_icon, file, choices,
    list, link}`: `choices` are buttons below the bubble, `list` opens to sections of rows, `file` is `{kind, url}` of
    the attachment when it is among `media`.
    """
    return {
        "id": message.wamid,
        "mine": message.from_customer,
        "at": message.at,
        "status": message.status,
        "reactions": [emoji for emoji in message.reactions.values() if emoji],
        "quote": summary(quoted) if quoted else "",
        "chosen": message.chosen,
        **NOTHING,
        **_parts(message),
        "file": _file(message, media),
    }


def _file(message, media):
    kind = message.content["type"]
    media_id = message.content[kind].get("id") if kind in MEDIA else None
    return {"kind": kind, "url": f"/media?id={media_id}"} if media_id in media else None


def summary(message):
    """One line of a message, for lists and quotes."""
    parts = _parts(message)
    return parts.get("text") or parts.get("header") or parts.get("attachment") or message.content["type"]


def choices(message):
    """Everything the customer can tap in a message: {id: the message that a tap sends}."""
    parts = _parts(message)
    if message.content["type"] == "template":
        return {c["id"]: inbound.quick_reply(c["id"], c["title"]) for c in parts["choices"]}
    replies = {c["id"]: inbound.button_reply(c["id"], c["title"]) for c in parts.get("choices", [])}
    sections = (parts.get("list") or {}).get("sections", [])
    rows = {row["id"]: inbound.list_reply(**_reply_of(row)) for section in sections for row in section["rows"]}
    return {**replies, **rows}


def _reply_of(row):
    return {"choice_id": row["id"], "title": row["title"], "description": row["description"]}


def _parts(message):
    content = message.content
    kind = content["type"]
    if kind == "text":
        return {"text": content["text"]["body"]}
    if kind == "template":
        return _template(message.filled)
    if kind == "interactive":
        return _interactive(content["interactive"])
    if kind == "button":
        return {"text": content["button"]["text"]}
    return _attachment(kind, content[kind])


def _template(filled):
    buttons = filled["buttons"]
    link = next((button for button in buttons if button["kind"] == "url"), None)
    return {
        "header": filled["header"],
        "text": filled["body"],
        "footer": filled["footer"],
        "choices": [{"id": b["payload"], "title": b["text"]} for b in buttons if b["kind"] == "quick_reply"],
        "link": link and {"title": link["text"], "url": link["url"]},
    }


def _interactive(interactive):
    kind = interactive["type"]
    if kind in ("button_reply", "list_reply"):
        return {"text": interactive[kind]["title"]}
    header = interactive.get("header", {})
    parts = {
        "header": header.get("text", ""),
        "text": interactive["body"]["text"],
        "footer": interactive.get("footer", {}).get("text", ""),
    }
    if header.get("type") not in (None, "text"):
        parts["attachment"] = attachment_name(header["type"])
    action = interactive.get("action", {})
    if kind == "button":
        parts["choices"] = [button["reply"] for button in action["buttons"]]
    elif kind == "list":
        parts["list"] = {"title": action["button"], "sections": [_section(s) for s in action["sections"]]}
    elif kind == "cta_url":
        parts["link"] = {"title": action["parameters"]["display_text"], "url": action["parameters"]["url"]}
    return parts


def _section(section):
    rows = [
        {"id": row["id"], "title": row["title"], "description": row.get("description", "")} for row in section["rows"]
    ]
    return {"title": section.get("title", ""), "rows": rows}


def _attachment(kind, content):
    name = attachment_name(kind)
    if kind == "location":
        place = content.get("name") or f"{content['latitude']}, {content['longitude']}"
        return {"attachment": f"{name}: {place}"}
    if kind == "contacts":
        people = ", ".join(contact["name"]["formatted_name"] for contact in content)
        return {"attachment": f"{name}: {people}"}
    if content.get("filename"):
        name = f"{name}: {content['filename']}"
    icon = "picture" if kind == "image" else "clip"
    return {"attachment": name, "attachment_icon": icon, "text": content.get("caption", "")}


def attachment_name(kind):
    names = {
        "image": _("Picture"),
        "video": _("Video"),
        "audio": _("Voice message"),
        "document": _("Document"),
        "sticker": _("Sticker"),
        "location": _("Location"),
        "contacts": _("Contact"),
    }
    return names.get(kind, kind)
