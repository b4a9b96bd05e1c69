"""`{{ name|default:"…" }}` in texts that people write: one pass over a list of allowed names, nothing evaluated."""

import re
from collections.abc import Callable
from typing import Any, Protocol

#: Characters of a value that is put into a text.
MAX_VALUE = 1000

#: An attribute has the name of its column in a file: “Discount, %”, “№ of the order”.
PLACEHOLDER = re.compile(
    r"""\{\{\s*
        (?P<name>customer\.attributes\.[^{}|\n]{1,200}?|[\w.\-]+(?:\ [\w.\-]+)*)
        \s*(?:\|\s*default:\s*"(?P<default>[^"]*)"\s*)?
    \}\}""",
    re.VERBOSE,
)

CUSTOMER_NAMES = frozenset({"customer.name", "customer.phone"})
CUSTOMER_ATTRIBUTES = "customer.attributes."


class CustomerFields(Protocol):
    """What is read of a Customer."""

    @property
    def name(self) -> str: ...

    @property
    def phone(self) -> str | None: ...

    @property
    def attributes(self) -> dict[str, Any]: ...


def fill(template: str, values: Callable[[str], Any], limit: int) -> str:
    """
    The template with its placeholders filled from `values`, a function of the name, cut off after `limit` characters.
    What is missing is empty.
    """

    def value_of(placeholder: re.Match[str]) -> str:
        value = values(placeholder["name"])
        return str(value)[:MAX_VALUE] if value not in (None, "") else placeholder["default"] or ""

    return PLACEHOLDER.sub(value_of, template)[:limit]


def names_in(template: str) -> list[str]:
    """The names of a template's placeholders."""
    return [placeholder["name"] for placeholder in PLACEHOLDER.finditer(template)]


def has_leftovers(template: str) -> bool:
    """Whether something in the template looks like a placeholder and is none."""
    return "{{" in PLACEHOLDER.sub("", template)


def is_of_customer(name: str) -> bool:
    """Whether a name is one that every customer has a value for, perhaps an empty one."""
    return name in CUSTOMER_NAMES or (name.startswith(CUSTOMER_ATTRIBUTES) and name != CUSTOMER_ATTRIBUTES)


def value_of(customer: CustomerFields, name: str) -> Any:
    """A customer's value of a name that `is_of_customer`; None where there is none."""
    if name.startswith(CUSTOMER_ATTRIBUTES):
        return customer.attributes.get(name.removeprefix(CUSTOMER_ATTRIBUTES))
    return customer.name if name == "customer.name" else customer.phone
