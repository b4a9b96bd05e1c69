"""What Graph checks before it accepts a message (Cloud API, "Messages"; limits by type)."""

from .errors import GraphError, missing, part_missing, too_long, value_wrong
from .message_templates import fill, find

OPAQUE_LIMIT = 512
MEDIA = {"image": 1024, "video": 1024, "document": 1024, "audio": None, "sticker": None}


def check(body, templates):
    """Raise Graph's error unless this body of `POST /{phone_number_id}/messages` is a message it accepts."""
    if body.get("messaging_product") != "whatsapp":
        raise missing("messaging_product")
    if not (body.get("to") or body.get("recipient")):
        raise missing("to")
    if len(body.get("biz_opaque_callback_data", "")) > OPAQUE_LIMIT:
        raise too_long("biz_opaque_callback_data", OPAQUE_LIMIT)
    checks = {**CHECKS, "template": lambda template: check_template(template, templates)}
    kind = body.get("type", "text")
    if kind not in checks:
        raise GraphError(100, f"Param type must be one of {', '.join(checks).upper()}, got {kind}.")
    if not body.get(kind):
        raise missing(kind)
    checks[kind](body[kind])


def check_text(text):
    _text_between("text['body']", text.get("body"), 4096)


def _text_between(parameter, value, limit):
    if not value or not isinstance(value, str):
        raise missing(parameter)
    if len(value) > limit:
        raise too_long(parameter, limit)


def media_check(kind):
    def check_media(media):
        if not (media.get("id") or media.get("link")):
            raise missing(f"{kind}['id']")
        caption = media.get("caption", "")
        if caption and MEDIA[kind] is None:
            raise GraphError(100, f'Unexpected key "caption" on param "{kind}".')
        if caption and len(caption) > MEDIA[kind]:
            raise too_long(f"{kind}['caption']", MEDIA[kind])

    return check_media


def check_location(location):
    for name in ("latitude", "longitude"):
        if location.get(name) in (None, ""):
            raise part_missing(f"Location {name} is missing")


def check_contacts(contacts):
    if len(contacts) > 257:
        raise value_wrong("At most 257 contacts can be sent")
    if not all(contact.get("name", {}).get("formatted_name") for contact in contacts):
        raise part_missing("Contact name is missing")


def check_reaction(reaction):
    if not reaction.get("message_id") or "emoji" not in reaction:
        raise part_missing("A reaction needs message_id and emoji")


def check_template(template, templates):
    if not template.get("name"):
        raise missing("template['name']")
    if not template.get("language", {}).get("code"):
        raise missing("template['language']['code']")
    fill(find(templates, template), template)


def check_interactive(interactive):
    kind = interactive.get("type")
    if kind not in INTERACTIVE:
        raise value_wrong(f"Unknown interactive type {kind}")
    _length("Body text", interactive.get("body", {}).get("text"), 1024)
    if "header" in interactive and interactive["header"].get("type") == "text":
        _length("Header text", interactive["header"].get("text"), 60)
    if "footer" in interactive:
        _length("Footer text", interactive["footer"].get("text"), 60)
    INTERACTIVE[kind](interactive.get("action") or {})


def _length(what, value, limit):
    if not value or not isinstance(value, str) or len(value) > limit:
        raise value_wrong(f"{what} length invalid. Min length: 1, Max length: {limit}")


def check_buttons(action):
    buttons = [button.get("reply", {}) for button in action.get("buttons", [])]
    if not 1 <= len(buttons) <= 3:
        raise value_wrong("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    for button in buttons:
        _length("Button title", button.get("title"), 20)
        _length("Button id", button.get("id"), 256)
    _unique_ids("Button", buttons)
    if len({button["title"] for button in buttons}) < len(buttons):
        raise value_wrong("Button titles are not unique")


def check_list(action):
    _length("List button", action.get("button"), 20)
    sections = action.get("sections", [])
    rows = [row for section in sections for row in section.get("rows", [])]
    if not 1 <= len(rows) <= 10:
        raise value_wrong("Total row count exceed max allowed count: 10")
    if len(sections) > 1:
        for section in sections:
            _length("Section title", section.get("title"), 24)
    for row in rows:
        _length("Row title", row.get("title"), 24)
        _length("Row id", row.get("id"), 200)
        if len(row.get("description", "")) > 72:
            raise value_wrong("Row description length invalid. Min length: 0, Max length: 72")
    _unique_ids("Row", rows)


def _unique_ids(what, choices):
    ids = [choice["id"] for choice in choices]
    if len(set(ids)) < len(ids):
        raise value_wrong(f"{what} ids are not unique")
    if any(choice_id != choice_id.strip() for choice_id in ids):
        raise value_wrong(f"{what} id must not begin or end with a space")


def check_cta_url(action):
    parameters = action.get("parameters", {})
    _length("Button text", parameters.get("display_text"), 20)
    if not str(parameters.get("url", "")).startswith(("http://", "https://")):
        raise value_wrong("The button needs a web address")


def _nothing_more(action):
    pass


INTERACTIVE = {
    "button": check_buttons,
    "list": check_list,
    "cta_url": check_cta_url,
    "flow": _nothing_more,
    "location_request_message": _nothing_more,
    "contact_request": _nothing_more,
}
CHECKS = {
    "text": check_text,
    **{kind: media_check(kind) for kind in MEDIA},
    "location": check_location,
    "contacts": check_contacts,
    "reaction": check_reaction,
    "interactive": check_interactive,
}
