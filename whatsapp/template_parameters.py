"""
The parameters of a message template: which it needs, what is wrong with those given, and the message they make.
Pure. Cloud API, "Templates" and "Template messages".

A parameter's key says where it goes: `1` or `first_name` in the body, `header.1` or `header.name` in a text header,
`header.image`, `header.video`, `header.document` (a link, or the reference of a HeaderFile: `file:12`) or
`header.location` ("latitude, longitude, name, address"), `header.document.filename` what the document is called in the
chat (when left out, what the link ends with), and `button.0.1` for the end of a URL button's address, or for the code
that a button copies.
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

#: A placeholder in a template's texts: a number or a name. What is longer is none: Python reads no endless number.
PLACEHOLDER = re.compile(r"{{\s*(\w{1,200})\s*}}")

MEDIA = ("image", "video", "document")
MEDIA_KEYS = tuple(f"header.{kind}" for kind in MEDIA)

#: What is a text in a component or a button, if it is there.
TEXTS = {"type", "format", "text", "url", "phone_number"}

#: Parts that need parameters of a shape no text has.
UNSUPPORTED_PARTS = {"CAROUSEL", "LIMITED_TIME_OFFER"}
UNSUPPORTED_BUTTONS = {"MPM", "SPM"}
SUPPORTED_HEADERS = {"TEXT", "LOCATION", *(kind.upper() for kind in MEDIA)}

#: The longest texts once filled in (Cloud API, "Templates"; coupon codes grew from 15 to 20 in 2025).
MAX_HEADER, MAX_BODY, MAX_URL, MAX_CODE = 60, 1024, 2000, 20

#: The key of what a document is called, and its most characters.
FILENAME, MAX_FILENAME = "header.document.filename", 240

#: The reference of a HeaderFile by its id.
FILE = re.compile(r"file:([0-9]{1,18})")

#: The reference of a file that is about to be stored, for checks.
FUTURE_FILE = "file:0"

#: The end of a link's path that is a file's name.
FILE_IN_LINK = re.compile(r"[^/]+\.\w{1,10}")

LINK = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)


@dataclass(frozen=True)
class SentFile:
    """A file that Meta has: its id there, and its name."""

    meta_id: str
    name: str


class TemplateFields(Protocol):
    """What is read of a MessageTemplate."""

    @property
    def name(self) -> str: ...

    @property
    def language(self) -> str: ...

    @property
    def parameter_format(self) -> str: ...

    @property
    def components(self) -> Any: ...


def parts_of(template: TemplateFields) -> list[dict[str, Any]]:
    """
    A template's components as far as they have the shape that Meta documents ("Templates", "Components"): whatever
    else was read at Meta says nothing to us.
    """
    components = template.components if isinstance(template.components, list) else []
    return [_part(component) for component in components if isinstance(component, dict)]


def _part(component: dict[str, Any]) -> dict[str, Any]:
    part = {name: value for name, value in component.items() if name not in TEXTS or isinstance(value, str)}
    if not isinstance(part.get("example"), dict):
        part.pop("example", None)
    if "buttons" in part:
        buttons = part["buttons"] if isinstance(part["buttons"], list) else []
        part["buttons"] = [_button(button) for button in buttons if isinstance(button, dict)]
    return part


def _button(button: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in button.items() if name not in TEXTS or isinstance(value, str)}


def placeholders(template: TemplateFields) -> list[str]:
    """The keys of the parameters that a template needs, in the order in which a person reads it."""
    keys = []
    for component in parts_of(template):
        kind = component.get("type")
        if kind == "HEADER":
            keys += _header_keys(component)
        elif kind == "BODY":
            keys += placeholder_names(component.get("text"))
        elif kind == "BUTTONS":
            keys += [f"button.{index}.1" for index, button in _buttons(component) if _button_needs_parameter(button)]
    return sorted(keys, key=_order)


def optional(template: TemplateFields) -> list[str]:
    """The keys of the parameters that may be given, too, and need not be."""
    headers = [part.get("format") for part in parts_of(template) if part.get("type") == "HEADER"]
    return [FILENAME] if "DOCUMENT" in headers else []


def media_key(template: TemplateFields) -> str:
    """The key of the parameter that is a picture, film or document; empty where a template has none."""
    return next((key for key in placeholders(template) if key in MEDIA_KEYS), "")


def missing(template: TemplateFields, parameters: Mapping[str, str]) -> list[str]:
    """The keys of parameters that a template needs and that are absent or blank."""
    return [key for key in placeholders(template) if not one_line(parameters.get(key))]


def problems(template: TemplateFields, parameters: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the parameters of a template, a sentence by key; empty when the message can be sent."""
    return problem_finder(template)(parameters)


def problem_finder(template: TemplateFields) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """`problems` for the parameters of many people: the template is read once."""
    parts, needed = parts_of(template), placeholders(template)
    known = {*needed, *optional(template)}

    def find(parameters: Mapping[str, str]) -> dict[str, str]:
        values = {key: one_line(value) for key, value in parameters.items()}
        found = {
            key: _("The template “%(template)s” has no such placeholder.") % {"template": template.name}
            for key in values
            if key not in known
        }
        found |= {key: _("Fill this in.") for key in needed if not values.get(key)}
        return found or _wrong_values(parts, values)

    return find


def template_message(template: TemplateFields, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The Cloud API body of a template filled in, without its recipient; `parameters` have no problems."""
    return message_of(template, parts_of(template), parameters)


def message_of(
    template: TemplateFields, parts: Iterable[dict[str, Any]], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """The same for a template whose `parts_of` are at hand, since it is sent to many."""
    values = {key: one_line(value) for key, value in parameters.items()}
    components = [part for component in parts for part in _parts(template, component, values)]
    content: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if components:
        content["components"] = components
    return {"type": "template", "template": content}


def unsupported(template: TemplateFields) -> bool:
    """Whether a template has parts that cannot be filled in here: such a template cannot be sent."""
    return any(
        component.get("type") in UNSUPPORTED_PARTS
        or (component.get("type") == "HEADER" and component.get("format", "TEXT") not in SUPPORTED_HEADERS)
        or any(button.get("type") in UNSUPPORTED_BUTTONS for _index, button in _buttons(component))
        for component in parts_of(template)
    )


def examples(template: TemplateFields) -> dict[str, str]:
    """The example values given to Meta with a template, by key, as far as there are any."""
    found: dict[str, str] = {}
    for component in parts_of(template):
        example = component.get("example") or {}
        kind = component.get("type")
        if kind == "BODY":
            found |= _text_examples(component, example, "body_text", "")
        elif kind == "HEADER":
            found |= _text_examples(component, example, "header_text", "header.")
        for index, button in _buttons(component):
            found |= _button_example(index, button)
    return found


def buttons_of(template: TemplateFields) -> list[dict[str, Any]]:
    """The buttons of a template, in order."""
    return [button for component in parts_of(template) for _index, button in _buttons(component)]


def one_line(value: object) -> str:
    """A parameter as Meta takes it: without line breaks, tabs and runs of spaces (error 132018)."""
    return " ".join(str(value).split()) if value is not None else ""


def _order(key: str) -> int:
    """Header, body, buttons."""
    return {"header": 0, "button": 2}.get(key.partition(".")[0] if "." in key else "", 1)


def placeholder_names(text: str | None) -> list[str]:
    """The placeholders of a text; numbered ones by number, since Meta takes them by position."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(text or "")))
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else names


def _header_keys(component: dict[str, Any]) -> list[str]:
    kind = component.get("format", "TEXT").lower()
    if kind in (*MEDIA, "location"):
        return [f"header.{kind}"]
    return [f"header.{name}" for name in placeholder_names(component.get("text"))]


def _buttons(component: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(component.get("buttons") or []))


def _button_needs_parameter(button: dict[str, Any]) -> bool:
    return button.get("type") == "COPY_CODE" or (
        button.get("type") == "URL" and PLACEHOLDER.search(button.get("url") or "") is not None
    )


def _parts(template: TemplateFields, component: dict[str, Any], values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    kind = component.get("type")
    if kind == "HEADER":
        yield from _header_part(template, component, values)
    elif kind == "BODY" and (names := placeholder_names(component.get("text"))):
        yield {"type": "body", "parameters": [_text(template, name, values[name]) for name in names]}
    for index, button in _buttons(component):
        yield from _button_part(index, button, values)


def _header_part(
    template: TemplateFields, component: dict[str, Any], values: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    kind = component.get("format", "TEXT").lower()
    if kind in MEDIA:
        parameters = [{"type": kind, kind: _media(kind, values)}]
    elif kind == "location":
        parameters = [{"type": "location", "location": _location(values["header.location"])}]
    else:
        parameters = [
            _text(template, name, values[f"header.{name}"]) for name in placeholder_names(component.get("text"))
        ]
    if parameters:
        yield {"type": "header", "parameters": parameters}


def _media(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """A header's file: {link} or {id}, of a document with its filename. An id is a reference, until `with_files`."""
    value = values[f"header.{kind}"]
    source = "id" if FILE.fullmatch(value) else "link"
    filename = values.get(FILENAME) or (_filename_of(value) if source == "link" else "")
    return {source: value, "filename": filename} if filename and kind == "document" else {source: value}


def with_files(content: dict[str, Any], files: Mapping[int, SentFile]) -> dict[str, Any]:
    """A template's message with Meta's ids in the place of references. Raises KeyError for a file that is missing."""
    if not references_in(content):
        return content
    sent = copy.deepcopy(content)
    for kind, body in header_media(sent):
        if match := FILE.fullmatch(str(body.get("id", ""))):
            file = files[int(match[1])]
            body["id"] = file.meta_id
            if kind == "document":
                body.setdefault("filename", file.name)
    return sent


def references_in(content: dict[str, Any]) -> set[int]:
    """The ids of the HeaderFiles that a template's message refers to."""
    found = (FILE.fullmatch(str(body.get("id", ""))) for _kind, body in header_media(content))
    return {int(match[1]) for match in found if match}


def header_media(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kinds and the objects of the files in the header of a template's message."""
    template = content.get("template")
    for component in template.get("components", []) if isinstance(template, dict) else []:
        for parameter in component.get("parameters", []):
            kind = parameter.get("type")
            if component.get("type") == "header" and kind in MEDIA:
                yield kind, parameter[kind]


def _filename_of(link: str) -> str:
    """The name of the file that a link ends with, as people read it; empty when it ends with none."""
    name = one_line(unquote(urlsplit(link).path).rpartition("/")[2])
    name = "".join(character for character in name if character.isprintable())
    return name[-MAX_FILENAME:] if FILE_IN_LINK.fullmatch(name) and "\ufffd" not in name else ""


def _button_part(index: int, button: dict[str, Any], values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    kind = button.get("type")
    parameter: dict[str, Any]
    if kind == "OTP":
        # The code that the body shows (Cloud API, "Authentication templates").
        sub_type, parameter = "url", {"type": "text", "text": values.get("1", "")}
    elif kind == "FLOW":
        sub_type, parameter = "flow", {"type": "action", "action": {"flow_token": "unused"}}
    elif not _button_needs_parameter(button):
        return
    elif kind == "COPY_CODE":
        sub_type, parameter = "copy_code", {"type": "coupon_code", "coupon_code": values[f"button.{index}.1"]}
    else:
        sub_type, parameter = "url", {"type": "text", "text": values[f"button.{index}.1"]}
    yield {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": [parameter]}


def _text(template: TemplateFields, name: str, value: str) -> dict[str, str]:
    parameter = {"type": "text", "text": value}
    if template.parameter_format == "NAMED":
        parameter["parameter_name"] = name
    return parameter


def _location(value: str) -> dict[str, Any] | None:
    """{latitude, longitude, name?, address?} of "55.7558, 37.6173, Shop, Tverskaya 1", or None."""
    parts = [part.strip() for part in value.split(",", 3)]
    try:
        latitude, longitude = float(parts[0]), float(parts[1])
    except (IndexError, ValueError):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return {"latitude": parts[0], "longitude": parts[1], **dict(zip(("name", "address"), parts[2:], strict=False))}


def _wrong_values(parts: list[dict[str, Any]], values: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for component in parts:
        kind = component.get("type")
        if kind == "BODY":
            found |= _too_long(component.get("text"), values, "", MAX_BODY)
        elif kind == "HEADER":
            found |= _wrong_header(component, values)
        for index, button in _buttons(component):
            if _button_needs_parameter(button):
                found |= _wrong_button(f"button.{index}.1", button, values)
    return found


def _wrong_header(component: dict[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    kind = component.get("format", "TEXT").lower()
    key = f"header.{kind}"
    if kind == "location":
        return {} if _location(values[key]) else {key: _("Write latitude, longitude, name and address, with commas.")}
    if kind in MEDIA:
        is_known = FILE.fullmatch(values[key]) or _is_link(values[key])
        found = {} if is_known else {key: _("Give a link that begins with https://.")}
        return found | _wrong_filename(values.get(FILENAME, ""))
    return _too_long(component.get("text"), values, "header.", MAX_HEADER)


def _is_link(text: str) -> bool:
    """Whether a text is a link that can be taken apart."""
    try:
        return bool(LINK.fullmatch(text) and urlsplit(text).netloc)
    except ValueError:
        return False


def _wrong_filename(name: str) -> dict[str, str]:
    if len(name) > MAX_FILENAME:
        return {FILENAME: _("A file's name has at most %(most)d characters.") % {"most": MAX_FILENAME}}
    return {FILENAME: _("Write a file's name without slashes.")} if "/" in name or "\\" in name else {}


def _wrong_button(key: str, button: dict[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    if button.get("type") == "COPY_CODE":
        return _too_long("{{1}}", values, key[:-1], MAX_CODE)
    return _too_long(button.get("url"), values, key[:-1], MAX_URL)


def _too_long(text: str | None, values: Mapping[str, str], prefix: str, most: int) -> dict[str, str]:
    """Blame the longest value when a text filled in is longer than Meta takes."""
    names = placeholder_names(text)
    if not names or len(filled(text, {name: values[prefix + name] for name in names})) <= most:
        return {}
    longest = max(names, key=lambda name: len(values[prefix + name]))
    sentence = _("Too long: with its parameters this part has at most %(most)d characters.")
    return {prefix + longest: sentence % {"most": most}}


def filled(text: str | None, values: Mapping[str, str]) -> str:
    """A text with its placeholders replaced by the values there are."""
    return PLACEHOLDER.sub(lambda found: one_line(values.get(found[1], found[0])), text or "")


def _text_examples(component: dict[str, Any], example: dict[str, Any], name: str, prefix: str) -> dict[str, str]:
    named = _list(example.get(f"{name}_named_params"))
    if named:
        items = [item for item in named if isinstance(item, dict)]
        return {f"{prefix}{item.get('param_name')}": item.get("example", "") for item in items}
    values = _list(example.get(name))
    # The body's are a list in a list.
    values = values[0] if values and isinstance(values[0], list) else values
    return {prefix + key: value for key, value in zip(placeholder_names(component.get("text")), values, strict=False)}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _button_example(index: int, button: dict[str, Any]) -> dict[str, str]:
    example = button.get("example")
    example = example[0] if isinstance(example, list) and example else example
    if not isinstance(example, str) or not _button_needs_parameter(button):
        return {}
    # Of a URL button Meta keeps the whole address.
    beginning = PLACEHOLDER.split(button.get("url") or "")[0]
    return {f"button.{index}.1": example.removeprefix(beginning)}
