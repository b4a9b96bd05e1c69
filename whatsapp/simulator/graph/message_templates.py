"""The message templates of the simulated accounts, and filling them in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from whatsapp.simulator.http import Json

from .errors import GraphError, part_missing

PLACEHOLDER = re.compile(r"{{\s*(\w+)\s*}}")


class Template(TypedDict):
    """A template as Graph has it (Business management API, "Message templates")."""

    id: str
    name: str
    language: str
    status: str
    category: str
    parameter_format: str
    components: list[Json]
    #: When Meta has reviewed it (UNIX time); new ones only.
    reviewed_at: NotRequired[float]


@dataclass(frozen=True)
class FilledButton:
    """`kind` is the button's type in lower case; `url` is empty for buttons that open nothing."""

    kind: str
    text: str
    payload: str
    url: str


@dataclass(frozen=True)
class FilledTemplate:
    """What the customer reads."""

    header: str = ""
    body: str = ""
    footer: str = ""
    buttons: list[FilledButton] = field(default_factory=list)


#: The field of a header's parameter that it needs, one of these, by the format of the header.
HEADER_FIELDS = {
    "image": ("link", "id"),
    "video": ("link", "id"),
    "document": ("link", "id"),
    "location": ("latitude",),
}

DEFAULT_TEMPLATES: list[Template] = [
    {
        "id": "300000000000001",
        "name": "hello_world",
        "language": "en_US",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
            {"type": "BODY", "text": "Welcome and congratulations! This message shows that the number can send."},
        ],
    },
    {
        "id": "300000000000002",
        "name": "order_ready",
        "language": "ru",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {
                "type": "BODY",
                "text": "Здравствуйте, {{1}}! Ваш заказ {{2}} готов.",
                "example": {"body_text": [["Анна", "881"]]},
            },
        ],
    },
    {
        "id": "300000000000003",
        "name": "order_ready",
        "language": "en_US",
        "status": "APPROVED",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {
                "type": "BODY",
                "text": "Hello {{1}}! Your order {{2}} is ready.",
                "example": {"body_text": [["Anna", "881"]]},
            },
        ],
    },
    {
        "id": "300000000000004",
        "name": "spring_sale",
        "language": "ru",
        "status": "APPROVED",
        "category": "MARKETING",
        "parameter_format": "NAMED",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Весенние скидки"},
            {
                "type": "BODY",
                "text": "{{name}}, до воскресенья скидка {{discount}} на всё.",
                "example": {
                    "body_text_named_params": [
                        {"param_name": "name", "example": "Анна"},
                        {"param_name": "discount", "example": "20 %"},
                    ]
                },
            },
            {"type": "FOOTER", "text": "Не хотите получать рассылку? Нажмите «Отписаться»."},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Хочу"},
                    {"type": "QUICK_REPLY", "text": "Отписаться"},
                ],
            },
        ],
    },
]


def find(templates: Sequence[Template], sent: Json) -> Template:
    """The approved template that a message names. Raises Graph's error when there is none."""
    code = sent["language"]["code"]
    for template in templates:
        if (template["name"], template["language"]) == (sent["name"], code):
            if template["status"] == "PAUSED":
                raise GraphError(132015, "Template is Paused", f"{sent['name']} ({code}) is paused")
            if template["status"] == "APPROVED":
                return template
    raise GraphError(
        132001,
        "Template name does not exist in the translation",
        f"template name ({sent['name']}) does not exist in {code}",
        http_status=404,
    )


def fill(template: Template, sent: Json) -> FilledTemplate:
    """Put the parameters of a message into a template. Raises Graph's error when they do not fit its placeholders."""
    sent_components = sent.get("components", [])
    parameters = {part.get("type", "").lower(): part.get("parameters", []) for part in sent_components}
    texts, buttons = {}, []
    for component in template["components"]:
        kind = component["type"].lower()
        if kind == "buttons":
            buttons = list(_filled_buttons(component["buttons"], sent_components))
        elif "text" in component:
            texts[kind] = _filled_text(kind, component["text"], parameters.get(kind, []))
        elif kind == "header":
            texts[kind] = _filled_header(component.get("format", "").lower(), parameters.get(kind, []))
    return FilledTemplate(texts.get("header", ""), texts.get("body", ""), texts.get("footer", ""), buttons)


def _filled_header(kind: str, parameters: list[Json]) -> str:
    """A header that is a file or a place, which each message brings."""
    parameter = parameters[0] if len(parameters) == 1 else {}
    content = parameter.get(kind) if parameter.get("type") == kind else None
    if not content or not any(content.get(name) for name in HEADER_FIELDS.get(kind, ())):
        raise GraphError(
            132012,
            "Parameter format does not match format in the created template",
            f"header: Format mismatch, expected {kind.upper()}, received {parameter.get('type', 'UNKNOWN').upper()}",
        )
    return f"[{kind}]"


def _filled_text(kind: str, text: str, parameters: list[Json]) -> str:
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if len(parameters) != len(names):
        raise GraphError(
            132000,
            "Number of parameters does not match the expected number of params",
            f"{kind}: number of localizable_params ({len(parameters)}) does not match "
            f"the expected number of params ({len(names)})",
        )
    values = {}
    for position, parameter in enumerate(parameters, 1):
        value = parameter.get("text", "")
        if not value:
            raise part_missing(f"{kind}: a parameter of type text is missing its text")
        values[parameter.get("parameter_name", str(position))] = value
    unknown = set(names) - set(values)
    if unknown:
        raise GraphError(100, "Invalid parameter", f"Parameter name is missing or empty: {', '.join(sorted(unknown))}")
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _filled_buttons(buttons: list[Json], sent_components: list[Json]) -> Iterator[FilledButton]:
    sent = {str(part.get("index")): part for part in sent_components if part.get("type", "").lower() == "button"}
    for index, button in enumerate(buttons):
        part = sent.get(str(index), {})
        parameter: Json = next(iter(part.get("parameters", [])), {})
        _check_button(index, button, part.get("sub_type", "").lower(), parameter)
        yield FilledButton(
            kind=button["type"].lower(),
            text=button["text"],
            payload=parameter.get("payload") or button["text"],
            url=_filled_url(button.get("url", ""), parameter.get("text", "")),
        )


def _filled_url(url: str, end: str) -> str:
    return PLACEHOLDER.sub(lambda _match: end, url)


def _check_button(index: int, button: Json, sub_type: str, parameter: Json) -> None:
    """A button whose link ends differently for each person, or that copies a code, needs a parameter."""
    kind = button["type"].lower()
    is_personal_url = kind == "url" and PLACEHOLDER.search(button["url"])
    needs = "text" if is_personal_url else "coupon_code" if kind == "copy_code" else ""
    if needs and not (sub_type == kind and parameter.get(needs)):
        raise part_missing(f"buttons: Button at index {index} of type {kind} requires a parameter")
