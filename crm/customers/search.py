"""Finds customers by what people type: part of a name or a username, or a phone or part of one, written in any way."""

from functools import reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from crm.models import Customer
from crm.normalization import fold
from whatsapp.phone_numbers import normalize_phone, variants_of

#: How people group the digits of a phone.
_PUNCTUATION = str.maketrans("", "", " \u00a0+-().")

#: So many digits, or a trunk prefix before fewer, are a whole phone; fewer are part of the stored one as they are.
MIN_PHONE_DIGITS = 10
TRUNK_PREFIX = "0"


def matching(customers: QuerySet[Customer], text: str, country: str) -> QuerySet[Customer]:
    """The customers whose search text contains every term of `text`."""
    for spellings in _terms(text, country):
        customers = customers.filter(reduce(or_, (Q(search_text__contains=spelling) for spelling in spellings)))
    return customers


def _terms(text: str, country: str) -> list[tuple[str, ...]]:
    """A whole phone in every spelling, the digits of part of one, or else every word."""
    digits = text.translate(_PUNCTUATION)
    if digits.isdecimal() and len(digits) < MIN_PHONE_DIGITS and not digits.startswith(TRUNK_PREFIX):
        return [(digits,)]
    try:
        return [variants_of(normalize_phone(text, country))]
    except ValidationError:
        spellings = tuple(spelling[1:] for spelling in variants_of(f"+{digits}"))
        if len(spellings) > 1:
            return [spellings]
        return [(word,) for word in fold(text).split()]
