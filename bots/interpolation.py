"""`{{ name|default:"…" }}` in the texts of a scenario: one pass over a list of allowed names, nothing evaluated."""

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

FIXED_NAMES = frozenset({"customer.name", "customer.phone", "message.text"})
OPEN_PREFIXES = ("vars.", "customer.attributes.")


def fill(template, values, limit):
    """The template with its placeholders filled from `values`, a function of the name; what is missing is empty."""

    def value_of(placeholder):
        value = values(placeholder["name"])
        return str(value)[:MAX_VALUE] if value not in (None, "") else placeholder["default"] or ""

    return PLACEHOLDER.sub(value_of, template)[:limit]


def names_in(template):
    """The names that a template asks for."""
    return [placeholder["name"] for placeholder in PLACEHOLDER.finditer(template)]


def is_known(name):
    """Whether a name is one of those a scenario may use."""
    return name in FIXED_NAMES or any(name.startswith(prefix) and name != prefix for prefix in OPEN_PREFIXES)


def has_leftovers(template):
    """Whether something in the template looks like a placeholder and is none."""
    return "{{" in PLACEHOLDER.sub("", template)
