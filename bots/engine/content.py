"""Cloud API messages that a bot sends, without the recipient (Cloud API, "Messages"), and Meta's limits on them."""

from django.utils.translation import gettext

MAX_TEXT = 4096
MAX_INTERACTIVE_BODY = 1024
MAX_BUTTONS = 3
MAX_BUTTON_TITLE = 20
MAX_ROWS = 10
MAX_ROW_TITLE = 24


def text_message(body):
    return {"type": "text", "text": {"body": body}}


def choice_message(step_key, body, choices):
    """Up to three choices are buttons, up to ten a list."""
    titles = [{"id": choice_id(step_key, choice["key"]), "title": choice["label"]} for choice in choices]
    return interactive(body, buttons(titles) if len(titles) <= MAX_BUTTONS else rows(titles))


def interactive(body, action):
    type = "button" if "buttons" in action else "list"
    return {"type": "interactive", "interactive": {"type": type, "body": {"text": body}, "action": action}}


def buttons(titles):
    return {"buttons": [{"type": "reply", "reply": title} for title in titles]}


def rows(titles):
    return {"button": gettext("Choose")[:MAX_BUTTON_TITLE], "sections": [{"rows": titles}]}


def choice_id(step_key, choice_key):
    """The id of a button or row. It names the step too, so that a tap on an old menu is not taken for a new answer."""
    return f"{step_key}:{choice_key}"
