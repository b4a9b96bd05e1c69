"""Whether a rule of a condition holds: what is known of a field, compared with what the author wrote."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bots.document.interpolation import as_text
from bots.document.matching import folded

from .answers import read_number

YES = frozenset({"true", "yes", "1", "да"})
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def holds(known: Any, op: str, wanted: Any) -> bool:
    """
    Whether a field's value (None: there is none) stands to `wanted` as `op` says. Texts are compared without case,
    ё like е; numbers as numbers, dates as dates. Of a list, such as the tags, one entry is enough.
    """
    return OPS[op](known, wanted)


def equals(known: Any, wanted: Any) -> bool:
    if isinstance(known, list):
        return any(equals(item, wanted) for item in known)
    if isinstance(known, bool):
        return known == (folded(as_text(wanted)) in YES)
    numbers = as_number(known), as_number(wanted)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return folded(as_text(known)) == folded(as_text(wanted))


def not_equals(known: Any, wanted: Any) -> bool:
    return not equals(known, wanted)


def contains(known: Any, wanted: Any) -> bool:
    """The text stands anywhere in the field's text; of a list, one entry is it."""
    if isinstance(known, list):
        return equals(known, wanted)
    part = folded(as_text(wanted))
    return bool(part) and part in folded(as_text(known))


def greater(known: Any, wanted: Any) -> bool:
    return _order(known, wanted) == 1


def less(known: Any, wanted: Any) -> bool:
    return _order(known, wanted) == -1


def is_set(known: Any, wanted: Any) -> bool:
    """There is something, and it is not "no"."""
    return known not in (None, "", [], {}) and known is not False


OPS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": equals,
    "not_equals": not_equals,
    "contains": contains,
    "greater": greater,
    "less": less,
    "is_set": is_set,
    "in_tags": equals,
}


def _order(known: Any, wanted: Any) -> int | None:
    """-1, 0 or 1 for two numbers or two dates, as the first is less, equal or greater; None when they are neither."""
    first, second = as_number(known), as_number(wanted)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    dates = as_text(known).strip(), as_text(wanted).strip()
    if not all(ISO_DATE.fullmatch(date) for date in dates):
        return None
    return (dates[0] > dates[1]) - (dates[0] < dates[1])


def as_number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    number = read_number(as_text(value))
    return None if number is None else Decimal(number)
