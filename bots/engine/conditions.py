"""Whether a rule of a condition holds: what is known of a field, compared with what the author wrote."""

import re
from decimal import Decimal

from .answers import read_number
from .interpolation import as_text
from .matching import folded

YES = frozenset({"true", "yes", "1", "да"})
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")

#: The ops that need no value.
WITHOUT_VALUE = frozenset({"is_set"})


def holds(known, op, wanted):
    """
    Whether a field's value (None: there is none) stands to `wanted` as `op` says. Texts are compared without case,
    ё like е; numbers as numbers, dates as dates. Of a list, such as the tags, one entry is enough.
    """
    return OPS[op](known, wanted)


def equals(known, wanted):
    if isinstance(known, list):
        return any(equals(item, wanted) for item in known)
    if isinstance(known, bool):
        return known == (folded(as_text(wanted)) in YES)
    numbers = as_number(known), as_number(wanted)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return folded(as_text(known)) == folded(as_text(wanted))


def not_equals(known, wanted):
    return not equals(known, wanted)


def contains(known, wanted):
    """The text stands anywhere in the field's text; of a list, one entry is it."""
    if isinstance(known, list):
        return equals(known, wanted)
    part = folded(as_text(wanted))
    return bool(part) and part in folded(as_text(known))


def greater(known, wanted):
    pair = comparable(known, wanted)
    return pair is not None and pair[0] > pair[1]


def less(known, wanted):
    pair = comparable(known, wanted)
    return pair is not None and pair[0] < pair[1]


def is_set(known, wanted):
    """There is something, and it is not "no"."""
    return known not in (None, "", [], {}) and known is not False


OPS = {
    "equals": equals,
    "not_equals": not_equals,
    "contains": contains,
    "greater": greater,
    "less": less,
    "is_set": is_set,
    "in_tags": equals,
}


def comparable(known, wanted):
    """Both as numbers, or both as dates; None when they are neither."""
    numbers = as_number(known), as_number(wanted)
    if None not in numbers:
        return numbers
    dates = as_text(known).strip(), as_text(wanted).strip()
    return dates if all(ISO_DATE.fullmatch(date) for date in dates) else None


def as_number(value):
    if isinstance(value, bool):
        return None
    number = read_number(as_text(value))
    return None if number is None else Decimal(number)
