"""How a message looks on the customer's phone: one flat dict for the page, whatever the Cloud API calls its parts."""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import TypedDict

from django.utils.translation import gettext as _

from whatsapp.simulator import inbound
from whatsapp.simulator.chats import ChatMessage
from whatsapp.simulator.graph.envelope import MAX_CAPTION
from whatsapp.simulator.graph.message_templates import FilledTemplate
from whatsapp.simulator.http import Json


class Choice(TypedDict):
    """A button below the bubble."""

    id: str
    title: str


class Row(TypedDict):
    """A line of a list."""

    id: str
    title: str
    description: str


class Section(TypedDict):
    title: str
    rows: list[Row]


class ChoiceList(TypedDict):
    """What opens when the customer taps `title`."""

    title: str
    sections: list[Section]


class Link(TypedDict):
    title: str
    url: str


@dataclass
class _Parts:
    """What a bubble shows of a message."""

    header: str = ""
    text: str = ""
    footer: str = ""
    attachment: str = ""
    attachment_icon: str = "clip"
    choices: list[Choice] = field(default_factory=list)
    choice_list: ChoiceList | None = None
    link: Link | None = None


def bubble(message: ChatMessage, quoted: ChatMessage | None = None, media_ids: Container[str] = ()) -> Json:
    """
    `{id, mine, at, status, reactions, quote, chosen, header, text, footer, attachment, attachment_icon, file, choices,
    list, link}`: `choices` are buttons below the bubble, `list` opens to sections of rows, `file` is `{kind, url}` of
    the attachment when its id is among `media_ids`.
    """
    parts = _parts(message)
    return {
        "id": message.wamid,
        "mine": message.from_customer,
        "at": message.at,
        "status": message.status,
        "reactions": [emoji for emoji in message.reactions.values() if emoji],
        "quote": summary(quoted) if quoted else "",
        "chosen": message.chosen,
        "header": parts.header,
        "text": parts.text,
        "footer": parts.footer,
        "attachment": parts.attachment,
        "attachment_icon": parts.attachment_icon,
        "choices": parts.choices,
        "list": parts.choice_list,
        "link": parts.link,
        "file": _file(message, media_ids),
    }


def _file(message: ChatMessage, media_ids: Container[str]) -> dict[str, str] | None:
    kind = message.content["type"]
    media_id = message.content[kind].get("id") if kind in MAX_CAPTION else None
    return {"kind": kind, "url": f"/media?id={media_id}"} if media_id in media_ids else None


def summary(message: ChatMessage) -> str:
    """One line of a message, for lists and quotes."""
    parts = _parts(message)
    return parts.text or parts.header or parts.attachment or str(message.content["type"])


def choices(message: ChatMessage) -> dict[str, Json]:
    """Everything the customer can tap in a message: the message that a tap sends, by the id of the choice."""
    parts = _parts(message)
    reply = inbound.quick_reply if message.content["type"] == "template" else inbound.button_reply
    replies = {choice["id"]: reply(choice["id"], choice["title"]) for choice in parts.choices}
    sections = parts.choice_list["sections"] if parts.choice_list else []
    rows = [row for section in sections for row in section["rows"]]
    return replies | {row["id"]: inbound.list_reply(row["id"], row["title"], row["description"]) for row in rows}


def _parts(message: ChatMessage) -> _Parts:
    content = message.content
    kind = content["type"]
    if kind == "text":
        return _Parts(text=content["text"]["body"])
    if kind == "template":
        return _template_parts(message.filled)
    if kind == "interactive":
        return _interactive_parts(content["interactive"])
    if kind == "button":
        return _Parts(text=content["button"]["text"])
    return _attachment_parts(kind, content[kind])


def _template_parts(filled: FilledTemplate) -> _Parts:
    links: list[Link] = [{"title": b.text, "url": b.url} for b in filled.buttons if b.kind == "url"]
    return _Parts(
        header=filled.header,
        text=filled.body,
        footer=filled.footer,
        choices=[{"id": b.payload, "title": b.text} for b in filled.buttons if b.kind == "quick_reply"],
        link=links[0] if links else None,
    )


def _interactive_parts(interactive: Json) -> _Parts:
    kind = interactive["type"]
    if kind in ("button_reply", "list_reply"):
        return _Parts(text=interactive[kind]["title"])
    header, action = interactive.get("header", {}), interactive.get("action", {})
    parts = _Parts(
        header=header.get("text", ""),
        text=interactive["body"]["text"],
        footer=interactive.get("footer", {}).get("text", ""),
    )
    if header.get("type") not in (None, "text"):
        parts.attachment = _attachment_name(header["type"])
    if kind == "button":
        parts.choices = [button["reply"] for button in action["buttons"]]
    elif kind == "list":
        parts.choice_list = {"title": action["button"], "sections": [_section(each) for each in action["sections"]]}
    elif kind == "cta_url":
        parts.link = {"title": action["parameters"]["display_text"], "url": action["parameters"]["url"]}
    return parts


def _section(section: Json) -> Section:
    rows: list[Row] = [
        {"id": row["id"], "title": row["title"], "description": row.get("description", "")} for row in section["rows"]
    ]
    return {"title": section.get("title", ""), "rows": rows}


def _attachment_parts(kind: str, content: Json | list[Json]) -> _Parts:
    name = _attachment_name(kind)
    if isinstance(content, list):
        people = ", ".join(contact["name"]["formatted_name"] for contact in content)
        return _Parts(attachment=f"{name}: {people}")
    if kind == "location":
        place = content.get("name") or f"{content['latitude']}, {content['longitude']}"
        return _Parts(attachment=f"{name}: {place}")
    if content.get("filename"):
        name = f"{name}: {content['filename']}"
    icon = "picture" if kind == "image" else "clip"
    return _Parts(attachment=name, attachment_icon=icon, text=content.get("caption", ""))


def _attachment_name(kind: str) -> str:
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
