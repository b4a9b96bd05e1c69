"""The names that the texts of a scenario may ask for; filling them in is crm.customers.interpolation's."""

import json
from typing import Any

from crm.customers.interpolation import MAX_VALUE, fill, has_leftovers, is_of_customer, names_in

__all__ = ["FORM", "MAX_VALUE", "as_text", "fill", "has_leftovers", "is_known", "look_up", "names_in"]

#: Before the name of an answer of the form that is being answered: message.form.date.
FORM = "message.form."


def is_known(name: str) -> bool:
    """Whether a name is one of those a scenario may use."""
    is_inside = any(name.startswith(prefix) and name != prefix for prefix in ("vars.", FORM))
    return name == "message.text" or is_inside or is_of_customer(name)


def look_up(vars: Any, path: str) -> Any:
    """What is saved under a name, or inside the JSON saved there: reply.items.0.title. None where there is nothing."""
    value = vars
    for name in path.split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and len(name) < 7 and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def as_text(value: Any) -> str:
    """A value as it stands in a text: JSON for what is no text, nothing for null."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
