"""Phones as people write them, and as they are stored: E.164, for example +79161234567."""

import re
from collections.abc import Iterator
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Countries that dial 8 before a number of their own, so that people write it behind a plus too.
_DIALLING_8 = {"RU", "KZ"}
_PLUS_8 = re.compile(r"\+\s?8(?=[\s(-]+\d{3}|[39]\d\d|7\d{9}(?!\d))")

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\ufeff\u00ad"))


def normalize_phone(text: Any, country: str | None = "RU") -> str:
    """
    E.164 of a phone written in any usual way; a number without a country code is one of `country`, or refused if that
    is None.

    Accepts what is *possible* (length), not only what today's numbering plan calls valid; no number that is dialled
    within a town alone, and none of a service such as 112. Raises ValidationError.
    """
    number = _parse(str(text).translate(_INVISIBLE), country)
    if number is None:
        raise ValidationError(
            _("“%(phone)s” is not a phone number. Write it with the country code, for example +79161234567."),
            code="invalid_phone",
            params={"phone": str(text)[:40]},
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phones_in(text: str, country: str = "RU") -> Iterator[str]:
    """The phones that stand in a text, as E.164."""
    written = _without_plus_8(text.translate(_INVISIBLE), country)
    for found in phonenumbers.PhoneNumberMatcher(written, country, leniency=phonenumbers.Leniency.POSSIBLE):
        if _is_possible(found.number):
            yield phonenumbers.format_number(found.number, phonenumbers.PhoneNumberFormat.E164)


def _parse(text: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    candidates = [text]
    if country in _DIALLING_8 and text.lstrip().startswith("+"):
        candidates.append(re.sub(r"^\s*\+\s?8", "8", text))
    for written in candidates:
        try:
            number = phonenumbers.parse(written, country)
        except phonenumbers.NumberParseException:
            continue
        if _is_possible(number):
            return number
    return None


def _is_possible(number: phonenumbers.PhoneNumber) -> bool:
    reason = phonenumbers.is_possible_number_with_reason(number)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)


def _without_plus_8(text: str, country: str) -> str:
    """“+8 916…” as “8 916…”: no country's code is +8."""
    return _PLUS_8.sub("8", text) if country in _DIALLING_8 else text


def from_wa_id(wa_id: str) -> str:
    """E.164 of Meta's `wa_id` or `from`, which are digits without a plus (Webhooks, "messages")."""
    return f"+{wa_id}"


def readable_phone(phone: str) -> str:
    """A stored phone as people read it: +7 916 123-45-67."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return phone
