"""The names that the texts of a scenario may ask for; filling them in is crm.customers.interpolation's."""

import json
from typing import Any

from crm.customers.interpolation import MAX_VALUE, fill, has_leftovers, is_of_customer, names_in

__all__ = ["MAX_VALUE", "as_text", "fill", "has_leftovers", "is_known", "look_up", "names_in"]


def is_known(name: str) -> bool:
    """Whether a name is one of those a scenario may use."""
    return name == "message.text" or is_of_customer(name) or (name.startswith("vars.") and name != "vars.")


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
