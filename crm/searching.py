"""Finding customers by what people type: part of a name, or a phone written in any way."""

from django.core.exceptions import ValidationError

from whatsapp.phone_numbers import normalize_phone

from .models.customer import fold


def matching(queryset, text, country, path="search_text"):
    """The rows whose customer's search text, found by `path`, contains every word of `text`."""
    for word in words(text, country):
        queryset = queryset.filter(**{f"{path}__contains": word})
    return queryset


def words(text, country):
    """A whole phone is one word, as it is stored; of anything else every word counts."""
    try:
        return [normalize_phone(text, country)]
    except ValidationError:
        return fold(text).split()
