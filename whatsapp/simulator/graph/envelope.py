"""What Graph checks before it accepts a message (Cloud API, "Messages"; limits by type)."""

from collections.abc import Callable, Sequence
from typing import Any

from whatsapp.simulator.http import Json

from .errors import GraphError, missing, part_missing, too_long, value_wrong
from .message_templates import Template, fill, find

MAX_TEXT, MAX_CONTACTS, MAX_CALLBACK_DATA = 4096, 257, 512

#: How long the caption of a file may be; None where it has none.
MAX_CAPTION: dict[str, int | None] = {"image": 1024, "video": 1024, "document": 1024, "audio": None, "sticker": None}


def check(body: Json, templates: Sequence[Template]) -> None:
    """Raise Graph's error unless this body of `POST /{phone_number_id}/messages` is a message it accepts."""
    if body.get("messaging_product") != "whatsapp":
        raise missing("messaging_product")
    if not (body.get("to") or body.get("recipient")):
        raise missing("to")
    if len(body.get("biz_opaque_callback_data", "")) > MAX_CALLBACK_DATA:
        raise too_long("biz_opaque_callback_data", MAX_CALLBACK_DATA)
    kind = body.get("type", "text")
    if kind not in CHECKS and kind != "template":
        kinds = ", ".join([*CHECKS, "template"]).upper()
        raise GraphError(100, f"Param type must be one of {kinds}, got {kind}.")
    content = body.get(kind)
    if not content:
        raise missing(kind)
    if kind == "template":
        _check_template(content, templates)
    else:
        CHECKS[kind](content)


def _check_text(text: Json) -> None:
    body = text.get("body")
    if not body or not isinstance(body, str):
        raise missing("text['body']")
    if len(body) > MAX_TEXT:
        raise too_long("text['body']", MAX_TEXT)


def _media_check(kind: str, max_caption: int | None) -> Callable[[Json], None]:
    def check_media(media: Json) -> None:
        if not (media.get("id") or media.get("link")):
            raise missing(f"{kind}['id']")
        caption = media.get("caption") or ""
        if caption and max_caption is None:
            raise GraphError(100, f'Unexpected key "caption" on param "{kind}".')
        if max_caption is not None and len(caption) > max_caption:
            raise too_long(f"{kind}['caption']", max_caption)

    return check_media


def _check_location(location: Json) -> None:
    for name in ("latitude", "longitude"):
        if location.get(name) in (None, ""):
            raise part_missing(f"Location {name} is missing")


def _check_contacts(contacts: list[Json]) -> None:
    if len(contacts) > MAX_CONTACTS:
        raise value_wrong(f"At most {MAX_CONTACTS} contacts can be sent")
    if not all(contact.get("name", {}).get("formatted_name") for contact in contacts):
        raise part_missing("Contact name is missing")


def _check_reaction(reaction: Json) -> None:
    if not reaction.get("message_id") or "emoji" not in reaction:
        raise part_missing("A reaction needs message_id and emoji")


def _check_template(template: Json, templates: Sequence[Template]) -> None:
    if not template.get("name"):
        raise missing("template['name']")
    if not template.get("language", {}).get("code"):
        raise missing("template['language']['code']")
    fill(find(templates, template), template)


def _check_interactive(interactive: Json) -> None:
    kind = interactive.get("type")
    if kind not in INTERACTIVE:
        raise value_wrong(f"Unknown interactive type {kind}")
    _check_length("Body text", interactive.get("body", {}).get("text"), 1024)
    if "header" in interactive and interactive["header"].get("type") == "text":
        _check_length("Header text", interactive["header"].get("text"), 60)
    if "footer" in interactive:
        _check_length("Footer text", interactive["footer"].get("text"), 60)
    INTERACTIVE[kind](interactive.get("action") or {})


def _check_length(what: str, value: object, limit: int) -> None:
    if not value or not isinstance(value, str) or len(value) > limit:
        raise value_wrong(f"{what} length invalid. Min length: 1, Max length: {limit}")


def _check_buttons(action: Json) -> None:
    buttons = [button.get("reply", {}) for button in action.get("buttons", [])]
    if not 1 <= len(buttons) <= 3:
        raise value_wrong("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    for button in buttons:
        _check_length("Button title", button.get("title"), 20)
        _check_length("Button id", button.get("id"), 256)
    _check_ids("Button", buttons)
    if len({button["title"] for button in buttons}) < len(buttons):
        raise value_wrong("Button titles are not unique")


def _check_list(action: Json) -> None:
    _check_length("List button", action.get("button"), 20)
    sections = action.get("sections", [])
    rows = [row for section in sections for row in section.get("rows", [])]
    if not 1 <= len(rows) <= 10:
        raise value_wrong("Total row count exceed max allowed count: 10")
    if len(sections) > 1:
        for section in sections:
            _check_length("Section title", section.get("title"), 24)
    for row in rows:
        _check_length("Row title", row.get("title"), 24)
        _check_length("Row id", row.get("id"), 200)
        if len(row.get("description", "")) > 72:
            raise value_wrong("Row description length invalid. Min length: 0, Max length: 72")
    _check_ids("Row", rows)


def _check_ids(what: str, choices: list[Json]) -> None:
    ids = [choice["id"] for choice in choices]
    if len(set(ids)) < len(ids):
        raise value_wrong(f"{what} ids are not unique")
    if any(choice_id != choice_id.strip() for choice_id in ids):
        raise value_wrong(f"{what} id must not begin or end with a space")


def _check_cta_url(action: Json) -> None:
    parameters = action.get("parameters", {})
    _check_length("Button text", parameters.get("display_text"), 20)
    if not str(parameters.get("url", "")).startswith(("http://", "https://")):
        raise value_wrong("The button needs a web address")


def _accept_any(action: Json) -> None:
    """What the product does not send is not checked."""


#: The check of the `action` of each type of interactive messages.
INTERACTIVE: dict[str, Callable[[Json], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_cta_url,
    "flow": _accept_any,
    "location_request_message": _accept_any,
    "contact_request": _accept_any,
}

#: The check of each type of messages but templates.
CHECKS: dict[str, Callable[[Any], None]] = {
    "text": _check_text,
    **{kind: _media_check(kind, max_caption) for kind, max_caption in MAX_CAPTION.items()},
    "location": _check_location,
    "contacts": _check_contacts,
    "reaction": _check_reaction,
    "interactive": _check_interactive,
}
