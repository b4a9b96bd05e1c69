"""A message template as the customer will see it, and the names of its placeholders, for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp.graph.client import Json
from whatsapp.models import MessageTemplate
from whatsapp.template_parameters import MEDIA, PLACEHOLDER, buttons_of, filled, one_line, parts_of

#: A header that is not text, by its format.
HEADERS = {
    "image": gettext_lazy("Picture"),
    "video": gettext_lazy("Video"),
    "document": gettext_lazy("Document"),
    "location": gettext_lazy("Location"),
}

#: What a tap on a button does, by its type.
BUTTONS = {
    "QUICK_REPLY": gettext_lazy("answers with this text"),
    "URL": gettext_lazy("opens a link"),
    "PHONE_NUMBER": gettext_lazy("calls"),
    "COPY_CODE": gettext_lazy("copies a code"),
    "OTP": gettext_lazy("copies a code"),
    "FLOW": gettext_lazy("opens a form"),
    "CATALOG": gettext_lazy("opens the catalogue"),
    "VOICE_CALL": gettext_lazy("calls in WhatsApp"),
}


@dataclass(frozen=True)
class Button:
    """A button: its label, what a tap does, and with what: an address, a phone, a code."""

    text: str
    effect: str
    target: str = ""


@dataclass(frozen=True)
class Preview:
    """The parts of a message, from the top. `media` names a header that is not text."""

    header: str = ""
    media: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()


def preview(template: MessageTemplate, parameters: Mapping[str, str]) -> Preview:
    """A template filled in with as many parameters as there are; the other placeholders stand as they are."""
    parts: dict[str, Any] = {}
    for component in parts_of(template):
        kind = component.get("type")
        if kind == "HEADER":
            parts |= _header(component, parameters)
        elif kind == "BODY":
            parts["body"] = filled(component.get("text"), parameters)
        elif kind == "FOOTER":
            parts["footer"] = component.get("text") or ""
        elif kind == "BUTTONS":
            buttons = enumerate(component.get("buttons") or [])
            parts["buttons"] = tuple(_button(button, parameters.get(f"button.{index}.1")) for index, button in buttons)
    return Preview(**parts)


def label_of(template: MessageTemplate, key: str) -> str:
    """The name of a placeholder, as a form shows it."""
    place, _dot, rest = key.partition(".")
    if place == "header" and rest in HEADERS:
        return _label_of_media_header(rest)
    if place == "header" and rest:
        return _("Header: %(placeholder)s") % {"placeholder": f"{{{{{rest}}}}}"}
    if place == "button" and rest:
        return _label_of_button(template, int(rest.partition(".")[0]))
    return f"{{{{{key}}}}}"


def _label_of_media_header(kind: str) -> str:
    if kind in MEDIA:
        return _("%(media)s at the top: a link to the file") % {"media": HEADERS[kind]}
    return _("Location at the top: latitude, longitude, name, address")


def _label_of_button(template: MessageTemplate, position: int) -> str:
    button = buttons_of(template)[position]
    if button.get("type") == "COPY_CODE":
        return _("Button “%(button)s”: the code") % {"button": button.get("text") or ""}
    return _("Button “%(button)s”: the end of the link") % {"button": button.get("text") or ""}


def _header(component: Json, parameters: Mapping[str, str]) -> dict[str, str]:
    kind = component.get("format", "TEXT").lower()
    if kind == "text":
        own = {key.removeprefix("header."): value for key, value in parameters.items() if key.startswith("header.")}
        return {"header": filled(component.get("text"), own)}
    name = str(HEADERS.get(kind, kind))
    value = one_line(parameters.get(f"header.{kind}"))
    return {"media": f"{name}: {value}" if value else name}


def _button(button: Json, parameter: str | None) -> Button:
    kind = button.get("type") or ""
    value = one_line(parameter)
    target = button.get("phone_number") or ""
    if kind == "COPY_CODE":
        target = value
    elif kind == "URL":
        address = button.get("url") or ""
        target = PLACEHOLDER.sub(lambda found: value, address) if value else address
    return Button(button.get("text") or "", str(BUTTONS.get(kind, kind)), target)
