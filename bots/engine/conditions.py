"""Whether a rule of a condition holds: what is known of a field, compared with what the author wrote."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bots.document.interpolation import as_text
from bots.document.matching import is_same
from crm.normalization import normalize, trim

from .answers import read_number

_YES = frozenset({"true", "yes", "1", "да"})
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def holds(known: Any, op: str, wanted: Any) -> bool:
    """
    Whether a field's value (None: there is none) stands to `wanted` as `op` says. Texts are compared as in
    crm.normalization; numbers as numbers, dates as dates. Of a list, such as the tags, one entry is enough.
    """
    return _OPS[op](known, wanted)


def _equals(known: Any, wanted: Any) -> bool:
    if isinstance(known, list):
        return any(_equals(item, wanted) for item in known)
    if isinstance(known, bool):
        return known == (trim(normalize(as_text(wanted))) in _YES)
    numbers = _as_number(known), _as_number(wanted)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return is_same(normalize(as_text(known)), normalize(as_text(wanted)))


def _not_equals(known: Any, wanted: Any) -> bool:
    return not _equals(known, wanted)


def _contains(known: Any, wanted: Any) -> bool:
    """The text stands anywhere in the field's text; of a list, one entry is it."""
    if isinstance(known, list):
        return _equals(known, wanted)
    part = normalize(as_text(wanted))
    return bool(part) and part in normalize(as_text(known))


def _greater(known: Any, wanted: Any) -> bool:
    return _order(known, wanted) == 1


def _less(known: Any, wanted: Any) -> bool:
    return _order(known, wanted) == -1


def _is_set(known: Any, wanted: Any) -> bool:
    """There is something, and it is not "no"."""
    return known not in (None, "", [], {}) and known is not False


_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _equals,
    "not_equals": _not_equals,
    "contains": _contains,
    "greater": _greater,
    "less": _less,
    "is_set": _is_set,
    "in_tags": _equals,
}


def _order(known: Any, wanted: Any) -> int | None:
    """-1, 0 or 1 for two numbers or two dates, as the first is less, equal or greater; None when they are neither."""
    first, second = _as_number(known), _as_number(wanted)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    dates = as_text(known).strip(), as_text(wanted).strip()
    if not all(_ISO_DATE.fullmatch(date) for date in dates):
        return None
    return (dates[0] > dates[1]) - (dates[0] < dates[1])


def _as_number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    number = read_number(as_text(value))
    return None if number is None else Decimal(number)
