"""Finds customers by what people type: part of a name, or a phone or part of one, written in any way."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from crm.normalization import fold
from whatsapp.phone_numbers import normalize_phone

#: How people group the digits of a phone.
_PUNCTUATION = str.maketrans("", "", " \u00a0+-().")

#: So many digits, or a trunk prefix before fewer, are a whole phone; fewer are part of the stored one as they are.
MIN_PHONE_DIGITS = 10
TRUNK_PREFIX = "0"

_Model = TypeVar("_Model", bound=Model)


def matching(queryset: QuerySet[_Model], text: str, country: str, path: str = "search_text") -> QuerySet[_Model]:
    """The rows whose customer's search text, found by the look-up `path`, contains every term of `text`."""
    for term in _terms(text, country):
        queryset = queryset.filter(**{f"{path}__contains": term})
    return queryset


def _terms(text: str, country: str) -> list[str]:
    """A whole phone as it is stored, the digits of part of one, or else every word."""
    digits = text.translate(_PUNCTUATION)
    if digits.isdecimal() and len(digits) < MIN_PHONE_DIGITS and not digits.startswith(TRUNK_PREFIX):
        return [digits]
    try:
        return [normalize_phone(text, country)]
    except ValidationError:
        return fold(text).split()
