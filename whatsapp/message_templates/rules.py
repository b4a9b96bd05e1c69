"""
Meta's rules for a new message template, checked before Meta is asked. Pure: they go by the fields of a MessageTemplate
that need not be stored. Cloud API, "Template components" and "Authentication templates".

Each problem is a sentence under its place: `name`, `language`, `category`, `parameter_format`, `components`,
`header`, `body`, `footer`, `buttons`, `button.0`, and `example.1`, `example.header.1`, `example.button.0.1` for the
example of a placeholder (`template_parameters`).
"""

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp.graph.client import Json
from whatsapp.models import MessageTemplate
from whatsapp.phone_numbers import normalize_phone
from whatsapp.template_parameters import (
    LINK,
    MAX_BODY,
    MAX_CODE,
    MAX_HEADER,
    MAX_URL,
    MEDIA,
    PLACEHOLDER,
    buttons_of,
    examples,
    filled,
    placeholders,
)

CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
FORMATS = ("POSITIONAL", "NAMED")

NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]*")

PLACEHOLDER_AT_BEGINNING = re.compile(rf"\s*{PLACEHOLDER.pattern}")
PLACEHOLDER_AT_END = re.compile(rf"{PLACEHOLDER.pattern}\s*\Z")
PLACEHOLDERS_SIDE_BY_SIDE = re.compile(rf"{PLACEHOLDER.pattern}\s*{PLACEHOLDER.pattern}")

MAX_FOOTER, MAX_LABEL, MAX_PHONE = 60, 25, 20
MAX_BUTTONS = 10

#: Buttons of a kind in a message.
MAX_OF_KIND = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1}

BUTTON_KINDS = {
    "URL": gettext_lazy("opens a link"),
    "PHONE_NUMBER": gettext_lazy("calls"),
    "COPY_CODE": gettext_lazy("copies a code"),
}

PARTS = ("HEADER", "BODY", "FOOTER", "BUTTONS")
BUTTONS = ("QUICK_REPLY", *MAX_OF_KIND)

#: What a text header may not contain: line breaks, WhatsApp's formatting, pictograms.
FORBIDDEN_IN_HEADER = re.compile("[\n\r*~`\u2600-\u27bf\U0001f000-\U0001faff]")

#: The buttons of sign-in codes, and the Android apps that one of them may name.
CODE_BUTTONS = (("OTP", "COPY_CODE"), ("OTP", "ONE_TAP"))
MAX_APPS = 5
PACKAGE_NAME = re.compile(r"(?=.{1,224}\Z)[A-Za-z]\w*(\.[A-Za-z]\w*)+", re.ASCII)
SIGNATURE_HASH = re.compile(r"[A-Za-z0-9+/=]{11}")

#: The minutes for which a sign-in code may be said to be valid.
CODE_MINUTES = range(1, 91)


#: The parts of a template by their type.
Parts = dict[str, Json]

#: Places and sentences; a sentence is empty where nothing is wrong.
Problems = Iterator[tuple[str, str]]


def check(template: MessageTemplate) -> None:
    """Raise ValidationError, by place, when Meta would refuse a new template."""
    if found := problems(template):
        raise ValidationError(found, code="template_rules")


def problems(template: MessageTemplate) -> dict[str, str]:
    """What Meta would refuse in a new template, a sentence by place; empty when it can be submitted."""
    found = _fact_problems(template)
    if problem := _shape_problem(template.components):
        return {**found, "components": problem}
    parts = {part["type"]: part for part in template.components}
    if template.category == "AUTHENTICATION":
        return found | _sign_in_code_problems(parts)
    return found | {place: problem for place, problem in _part_problems(template, parts) if problem}


def _fact_problems(template: MessageTemplate) -> dict[str, str]:
    found = {}
    if not NAME.fullmatch(template.name):
        found["name"] = _("Write the name in small Latin letters, digits and underscores, for example order_ready.")
    if not LANGUAGE.fullmatch(template.language):
        found["language"] = _("Write the language as Meta does, for example ru or en_US.")
    if template.category not in CATEGORIES:
        found["category"] = _("Choose one of: %(words)s.") % {"words": ", ".join(CATEGORIES)}
    if template.parameter_format not in FORMATS:
        found["parameter_format"] = _("Choose one of: %(words)s.") % {"words": ", ".join(FORMATS)}
    return found


def _shape_problem(components: list[Json]) -> str:
    kinds = [part.get("type") for part in components]
    if unknown := [kind for kind in kinds if kind not in PARTS]:
        return _("“%(kind)s” cannot be created here. Create such a template at Meta (WhatsApp Manager).") % {
            "kind": unknown[0]
        }
    if len(set(kinds)) < len(kinds):
        return _("Give each part only once: header, body, footer, buttons.")
    return ""


def _sign_in_code_problems(parts: Parts) -> dict[str, str]:
    """Meta writes the text itself; one chooses the hint, the minutes and the label of the button."""
    buttons = parts.get("BUTTONS", {}).get("buttons", [])
    if "HEADER" in parts or any("text" in parts.get(kind, {}) for kind in ("BODY", "FOOTER")) or "BODY" not in parts:
        return {"category": _("Meta writes the text of sign-in codes itself: leave out the header and the texts.")}
    if problem := _code_button_problem(buttons):
        return {"buttons": problem}
    minutes = parts.get("FOOTER", {}).get("code_expiration_minutes", CODE_MINUTES[0])
    if not isinstance(minutes, int) or minutes not in CODE_MINUTES:
        return {"footer": _("Say for how long the code is valid: 1 to 90 minutes.")}
    return {}


def _code_button_problem(buttons: list[Json]) -> str:
    if len(buttons) != 1 or (buttons[0].get("type"), buttons[0].get("otp_type")) not in CODE_BUTTONS:
        return _(
            "A sign-in code has one button, which copies the code (COPY_CODE) or fills it into your app (ONE_TAP)."
            " Create other kinds at Meta (WhatsApp Manager)."
        )
    button = buttons[0]
    apps = button.get("supported_apps") or []
    if button["otp_type"] == "COPY_CODE":
        return _("Only a ONE_TAP button names apps.") if apps or button.get("autofill_text") else ""
    if not 1 <= len(apps) <= MAX_APPS:
        return _("Name 1 to %(most)d apps in supported_apps, each with package_name and signature_hash.") % {
            "most": MAX_APPS
        }
    if not all(_is_app(app) for app in apps):
        return _("Write a package_name like com.example.shop, and a signature_hash of 11 characters.")
    return _label_problem(button["autofill_text"]) if "autofill_text" in button else ""


def _is_app(app: Json) -> bool:
    return bool(
        PACKAGE_NAME.fullmatch(app.get("package_name", "")) and SIGNATURE_HASH.fullmatch(app.get("signature_hash", ""))
    )


def _part_problems(template: MessageTemplate, parts: Parts) -> Problems:
    if "HEADER" in parts:
        yield from _header_problems(template, parts["HEADER"])
    yield "body", _body_problem(template, parts.get("BODY", {}).get("text", ""))
    yield "footer", _footer_problem(parts["FOOTER"].get("text", "")) if "FOOTER" in parts else ""
    if "BUTTONS" in parts:
        yield from _button_problems(parts["BUTTONS"].get("buttons", []))
    yield from _example_problems(template)


# The header


def _header_problems(template: MessageTemplate, header: Json) -> Problems:
    kind = header.get("format", "TEXT")
    if kind == "TEXT":
        yield "header", _header_text_problem(template, header.get("text", ""))
    elif kind.lower() in MEDIA:
        handles = (header.get("example") or {}).get("header_handle") or [""]
        yield "header", "" if handles[0] else _("Give an example file for the top: Meta looks at it.")
    elif kind != "LOCATION":
        yield "header", _("This header cannot be created here. Choose text, picture, video, document or location.")


def _header_text_problem(template: MessageTemplate, text: str) -> str:
    if not text.strip():
        return _("Write the header's text, or choose “no header”.")
    if len(text) > MAX_HEADER:
        return _too_long(_("The header is too long: %(length)d characters of %(most)d."), text, MAX_HEADER)
    if len(PLACEHOLDER.findall(text)) > 1:
        return _("A header has at most one placeholder. Move the others into the text.")
    if FORBIDDEN_IN_HEADER.search(PLACEHOLDER.sub("", text)):
        return _("A header is one line without pictograms and without * ~ `.")
    return _placeholder_problem(template, text)


# The body and the footer


def _body_problem(template: MessageTemplate, text: str) -> str:
    if not text.strip():
        return _("Write the text of the message.")
    if len(text) > MAX_BODY:
        return _too_long(_("The text is too long: %(length)d characters of %(most)d."), text, MAX_BODY)
    return _placeholder_problem(template, text) or _position_problem(text)


def _position_problem(text: str) -> str:
    """Meta refuses templates into which a business could put any message."""
    if PLACEHOLDER_AT_BEGINNING.match(text) or PLACEHOLDER_AT_END.search(text):
        return _("Meta accepts no text that begins or ends with a placeholder. Put words before and after it.")
    if PLACEHOLDERS_SIDE_BY_SIDE.search(text):
        return _("Two placeholders stand side by side. Put words between them.")
    return ""


def _placeholder_problem(template: MessageTemplate, text: str) -> str:
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    rest = PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        return _("A placeholder is malformed. Write {{1}} or {{first_name}}, with two braces on each side.")
    numbers = [name for name in names if name.isdecimal()]
    if numbers and len(numbers) < len(names):
        return _("Use either numbers or names for placeholders, not both.")
    if numbers and template.parameter_format == "NAMED":
        return _("With the format NAMED placeholders have names, like {{first_name}}.")
    if numbers and sorted(numbers, key=int) != [str(number) for number in range(1, len(numbers) + 1)]:
        return _("Number the placeholders from {{1}} upwards without gaps.")
    if names and not numbers:
        return _name_problem(template, names)
    return ""


def _name_problem(template: MessageTemplate, names: list[str]) -> str:
    for name in names:
        if not PARAMETER_NAME.fullmatch(name):
            return _(
                "“%(name)s”: write the names of placeholders in small Latin letters, digits and underscores, like"
                " {{first_name}}."
            ) % {"name": name}
    if template.parameter_format != "NAMED":
        return _("Placeholders with names need the format NAMED.")
    return ""


def _footer_problem(text: str) -> str:
    if not text.strip():
        return _("Write the footer's text, or leave the footer out.")
    if len(text) > MAX_FOOTER:
        return _too_long(_("The footer is too long: %(length)d characters of %(most)d."), text, MAX_FOOTER)
    if "{{" in text:
        return _("A footer has no placeholders.")
    if "\n" in text:
        return _("A footer is one line.")
    return ""


def _too_long(sentence: str, text: str, most: int) -> str:
    return sentence % {"length": len(text), "most": most}


# The buttons


def _button_problems(buttons: list[Json]) -> Problems:
    kinds = [button.get("type") for button in buttons]
    yield "buttons", _mixture_problem(kinds)
    for index, button in enumerate(buttons):
        yield f"button.{index}", _button_problem(button)


def _mixture_problem(kinds: list[str | None]) -> str:
    if not 1 <= len(kinds) <= MAX_BUTTONS:
        return _("Give 1 to %(most)d buttons.") % {"most": MAX_BUTTONS}
    for kind, most in MAX_OF_KIND.items():
        if kinds.count(kind) > most:
            return _("Too many buttons of the kind “%(kind)s”: at most %(most)d.") % {
                "kind": BUTTON_KINDS[kind],
                "most": most,
            }
    replies = [index for index, kind in enumerate(kinds) if kind == "QUICK_REPLY"]
    if replies and replies[-1] - replies[0] >= len(replies):
        return _("Put the quick replies together: either before or after the other buttons.")
    return ""


def _button_problem(button: Json) -> str:
    kind = button.get("type")
    if kind not in BUTTONS:
        return _("A button of the kind “%(kind)s” cannot be created here. Create it at Meta (WhatsApp Manager).") % {
            "kind": kind
        }
    if kind != "COPY_CODE" and (problem := _label_problem(button.get("text", ""))):
        return problem
    if kind == "URL":
        return _url_problem(button.get("url", ""))
    if kind == "PHONE_NUMBER":
        return _phone_problem(button.get("phone_number", ""))
    return ""


def _label_problem(text: str) -> str:
    if not text.strip():
        return _("Write the label of the button.")
    if len(text) > MAX_LABEL:
        return _too_long(_("The label of the button is too long: %(length)d characters of %(most)d."), text, MAX_LABEL)
    if "{{" in text or "\n" in text:
        return _("The label of a button is one line without placeholders.")
    return ""


def _url_problem(url: str) -> str:
    if not LINK.fullmatch(url):
        return _("Give a link that begins with https://.")
    if len(url) > MAX_URL:
        return _too_long(_("The link is too long: %(length)d characters of %(most)d."), url, MAX_URL)
    if "{{" in url and not re.fullmatch(r"[^{}]+\{\{1\}\}", url):
        return _("A link has at most one placeholder, {{1}}, and it stands at the end.")
    return ""


def _phone_problem(phone: str) -> str:
    try:
        normalize_phone(phone, None)
    except ValidationError:
        return _("Write the phone with the country code, for example +79161234567.")
    return "" if len(phone) <= MAX_PHONE else _("The phone is too long.")


# The examples, without which Meta reviews nothing


def _example_problems(template: MessageTemplate) -> Problems:
    given = examples(template)
    for key in placeholders(template):
        if key.partition(".")[2] not in (*MEDIA, "location"):
            yield f"example.{key}", _example_problem(template, key, given.get(key))


def _example_problem(template: MessageTemplate, key: str, value: str | None) -> str:
    if not (isinstance(value, str) and value.strip()):
        return _("Give an example: Meta reviews the template with it.")
    if key.startswith("button."):
        return _button_example_problem(buttons_of(template)[int(key.split(".")[1])], value)
    return _("An example has no placeholders.") if "{{" in value else ""


def _button_example_problem(button: Json, value: str) -> str:
    if button.get("type") == "COPY_CODE":
        return "" if len(value) <= MAX_CODE else _("The code is too long: at most %(most)d.") % {"most": MAX_CODE}
    whole = filled(button.get("url"), {"1": value})
    return (
        ""
        if LINK.fullmatch(whole) and len(whole) <= MAX_URL
        else _("This does not make a link. Write it without spaces.")
    )
