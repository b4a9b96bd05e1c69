"""`{{ name|default:"…" }}` in texts that people write: one pass over a list of allowed names, nothing evaluated."""

import re

#: The longest value that is put into a text.
MAX_VALUE = 1000

PLACEHOLDER = re.compile(
    r"""\{\{\s*
        (?P<name>[\w.\-]+(?:\ [\w.\-]+)*)
        \s*(?:\|\s*default:\s*"(?P<default>[^"]*)"\s*)?
    \}\}""",
    re.VERBOSE,
)

CUSTOMER_NAMES = frozenset({"customer.name", "customer.phone"})
CUSTOMER_ATTRIBUTES = "customer.attributes."


def fill(template, values, limit):
    """The template with its placeholders filled from `values`, a function of the name; what is missing is empty."""

    def value_of(placeholder):
        value = values(placeholder["name"])
        return str(value)[:MAX_VALUE] if value not in (None, "") else placeholder["default"] or ""

    return PLACEHOLDER.sub(value_of, template)[:limit]


def names_in(template):
    """The names that a template asks for."""
    return [placeholder["name"] for placeholder in PLACEHOLDER.finditer(template)]


def has_leftovers(template):
    """Whether something in the template looks like a placeholder and is none."""
    return "{{" in PLACEHOLDER.sub("", template)


def is_of_customer(name):
    """Whether a name is one that every customer has a value for, perhaps an empty one."""
    return name in CUSTOMER_NAMES or (name.startswith(CUSTOMER_ATTRIBUTES) and name != CUSTOMER_ATTRIBUTES)


def value_of(customer, name):
    """What a customer has under a name that `is_of_customer`; None where there is nothing."""
    if name.startswith(CUSTOMER_ATTRIBUTES):
        return customer.attributes.get(name.removeprefix(CUSTOMER_ATTRIBUTES))
    return customer.name if name == "customer.name" else customer.phone
