"""
The components of a message template (Cloud API, "Template components"), made of what was typed into a form, however
unfinished.
"""

from collections.abc import Callable
from typing import Any

from whatsapp.template_parameters import PLACEHOLDER, placeholder_names

Component = dict[str, Any]

#: The example typed for a placeholder, by its key (`whatsapp.template_parameters`).
ExampleOf = Callable[[str], str]

MAX_MINUTES_LENGTH = 4


def sign_in_code(has_security_hint: bool, minutes: str) -> list[Component]:
    """
    The parts of a template whose text Meta writes. Minutes that are no number become 0, which the rules refuse.
    """
    parts: list[Component] = [{"type": "BODY", "add_security_recommendation": has_security_hint}]
    if minutes:
        is_number = minutes.isdecimal() and len(minutes) <= MAX_MINUTES_LENGTH
        parts.append({"type": "FOOTER", "code_expiration_minutes": int(minutes) if is_number else 0})
    return [*parts, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]


def text_header(text: str, example_of: ExampleOf) -> Component:
    return {"type": "HEADER", "format": "TEXT", "text": text, **_example("header_text", text, "header.", example_of)}


def file_header(kind: str, has_example: bool) -> Component:
    """A header that is no text. `-` holds the place of the handle that Meta gives for an example file."""
    header = {"type": "HEADER", "format": kind}
    return {**header, "example": {"header_handle": ["-"]}} if has_example else header


def body(text: str, example_of: ExampleOf) -> Component:
    return {"type": "BODY", "text": text, **_example("body_text", text, "", example_of)}


def _example(name: str, text: str, prefix: str, example_of: ExampleOf) -> Component:
    keys = placeholder_names(text)
    if not keys:
        return {}
    if all(key.isdecimal() for key in keys):
        values = [example_of(prefix + key) for key in keys]
        # The body's are a list in a list.
        return {"example": {name: [values] if name == "body_text" else values}}
    named = [{"param_name": key, "example": example_of(prefix + key)} for key in keys]
    return {"example": {f"{name}_named_params": named}}


def button(kind: str, text: str, value: str, example: str) -> Component:
    """A button. `value` is its link, phone or code, `example` that of the end of its link."""
    if kind == "COPY_CODE":
        return {"type": kind, "example": value}
    if kind == "PHONE_NUMBER":
        return {"type": kind, "text": text, "phone_number": value}
    if kind == "URL":
        link = {"type": kind, "text": text, "url": value}
        return {**link, "example": [PLACEHOLDER.sub(lambda found: example, value)]} if example else link
    return {"type": kind, "text": text}
