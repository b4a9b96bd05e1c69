"""Cloud API messages that a bot sends, without the recipient (Cloud API, "Messages")."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext

from bots.document.limits import MAX_BUTTON_TITLE, MAX_BUTTONS
from bots.document.steps import Choice

#: A message's JSON, without its recipient.
Content = dict[str, Any]


def text_message(body: str) -> Content:
    return {"type": "text", "text": {"body": body}}


def choice_message(step_key: str, body: str, choices: Sequence[Choice]) -> Content:
    """Up to three choices are buttons, up to ten a list."""
    titles = [{"id": choice_id(step_key, choice.key), "title": choice.label} for choice in choices]
    return _interactive(body, _buttons(titles) if len(titles) <= MAX_BUTTONS else _rows(titles))


def choice_id(step_key: str, choice_key: str) -> str:
    """The id of a button or row. It names the step too, so that a tap on an old menu is not taken for a new answer."""
    return f"{step_key}:{choice_key}"


def _interactive(body: str, action: dict[str, Any]) -> Content:
    type = "button" if "buttons" in action else "list"
    return {"type": "interactive", "interactive": {"type": type, "body": {"text": body}, "action": action}}


def _buttons(titles: list[dict[str, str]]) -> dict[str, Any]:
    return {"buttons": [{"type": "reply", "reply": title} for title in titles]}


def _rows(titles: list[dict[str, str]]) -> dict[str, Any]:
    return {"button": gettext("Choose")[:MAX_BUTTON_TITLE], "sections": [{"rows": titles}]}


def choices_of(message: Content) -> list[tuple[str, str]]:
    """(id, label) of the buttons or rows that a message of `choice_message` offers; none for any other."""
    action = message["interactive"]["action"] if message["type"] == "interactive" else {}
    buttons = [button["reply"] for button in action.get("buttons", ())]
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    return [(choice["id"], choice["title"]) for choice in (*buttons, *rows)]
