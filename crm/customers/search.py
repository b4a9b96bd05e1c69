"""Finding customers by what people type: part of a name, or a phone or part of one, written in any way."""

from django.core.exceptions import ValidationError

from crm.models.customer import fold
from whatsapp.phone_numbers import normalize_phone

#: What people group the digits of a phone with.
PUNCTUATION = str.maketrans("", "", " \u00a0+-().")

#: So many digits, or a trunk prefix before fewer, are a whole phone; fewer stand in the stored one as they are.
WHOLE, TRUNK = 10, "0"


def matching(queryset, text, country, path="search_text"):
    """The rows whose customer's search text, found by `path`, contains every word of `text`."""
    for word in words(text, country):
        queryset = queryset.filter(**{f"{path}__contains": word})
    return queryset


def words(text, country):
    """A whole phone is one word, as it is stored, and part of one its digits; of anything else every word counts."""
    digits = text.translate(PUNCTUATION)
    if digits.isdecimal() and len(digits) < WHOLE and not digits.startswith(TRUNK):
        return [digits]
    try:
        return [normalize_phone(text, country)]
    except ValidationError:
        return fold(text).split()
