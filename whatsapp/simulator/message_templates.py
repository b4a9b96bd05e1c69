"""The message templates of the simulated accounts, and filling them in."""

import re

from .graph_errors import GraphError, part_missing

PLACEHOLDER = re.compile(r"{{\s*(\w+)\s*}}")

DEFAULT_TEMPLATES = [
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


def find(templates, sent):
    """The approved template that a send names, or Graph's error."""
    code = sent["language"]["code"]
    for template in templates:
        if template["name"] == sent["name"] and template["language"] == code:
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


def fill(template, sent):
    """
    What the customer reads: `{header, body, footer, buttons: [{text, payload, kind, url}]}`. Raises Graph's error
    when the parameters do not fit the placeholders.
    """
    parameters = {part.get("type", "").lower(): part.get("parameters", []) for part in sent.get("components", [])}
    filled = {"header": "", "body": "", "footer": "", "buttons": []}
    for component in template["components"]:
        kind = component["type"].lower()
        if kind == "buttons":
            filled["buttons"] = list(_buttons(component["buttons"], sent.get("components", [])))
        elif "text" in component:
            filled[kind] = _filled_text(kind, component["text"], parameters.get(kind, []))
        elif kind == "header":
            filled["header"] = f"[{component.get('format', '').lower()}]"
    return filled


def _filled_text(kind, text, parameters):
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


def _buttons(buttons, components):
    sent = {str(part.get("index")): part for part in components if part.get("type", "").lower() == "button"}
    for index, button in enumerate(buttons):
        parameter = next(iter(sent.get(str(index), {}).get("parameters", [])), {})
        yield {
            "kind": button["type"].lower(),
            "text": button["text"],
            "payload": parameter.get("payload", button["text"]),
            "url": PLACEHOLDER.sub(parameter.get("text", ""), button.get("url", "")),
        }
