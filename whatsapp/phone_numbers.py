"""Phones as people write them, and as they are stored: E.164, for example +79161234567."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Countries that dial 8 before a number of their own, so that people write it behind a plus too.
_DIALLING_8 = {"RU", "KZ"}
_PLUS_8 = re.compile(r"\+\s?8(?=[\s(-]+\d{3}|[39]\d\d|7\d{9}(?!\d))")

#: Mexican mobiles as they were written until 2019, and as WhatsApp still knows many of them.
_MEXICAN_1 = re.compile(r"\+\s?52[\s-]*1(?=[\s(-]*[2-9](?:[\s)(-]*\d){9}(?!\d))")

#: Spellings of one line, of which people and WhatsApp use now one and now another; the first one is canonical.
#: In Brazil mobiles, which begin with 6 to 9, got a ninth digit; no landline has one. In Argentina and Mexico a digit
#: before a mobile's area code says that it is called from abroad.
_SPELLINGS = (
    (re.compile(r"\+55([1-9]\d)9?([6-9]\d{7})"), (r"+55\g<1>9\g<2>", r"+55\g<1>\g<2>")),
    (re.compile(r"\+521?([2-9]\d{9})"), (r"+52\g<1>", r"+521\g<1>")),
    (re.compile(r"\+549?([1-3]\d{9})"), (r"+549\g<1>", r"+54\g<1>")),
)

#: What holds one phone and nothing else, as nearly every text does that is said to be one.
_PLAIN = re.compile(r"\+?[\d ()-]{1,20}")


def normalize_phone(text: Any, country: str | None = "RU") -> str:
    """
    E.164 of a phone written in any usual way; a number without a country code is one of `country`, or refused if that
    is None.

    Accepts what is *possible* (length), not only what today's numbering plan calls valid; no number that is dialled
    within a town alone, none of a service such as 112, and of two phones neither. Raises ValidationError.
    """
    phone = _only_phone(_visible(str(text)), country)
    if phone is None:
        raise ValidationError(
            _("“%(phone)s” is not a phone number. Write it with the country code, for example +79161234567."),
            code="invalid_phone",
            params={"phone": str(text)[:40]},
        )
    return phone


def _only_phone(text: str, country: str | None) -> str | None:
    """The phone that a text is, or the only one in it; the words beside it could be read as digits."""
    found = set() if _PLAIN.fullmatch(text) else set(phones_in(text, country))
    if found:
        return found.pop() if len(found) == 1 else None
    number = _parse(text, country)
    return None if number is None else phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phones_in(text: str, country: str | None = "RU") -> Iterator[str]:
    """The phones that stand in a text, as E.164; those without a country code are of `country`."""
    written = _MEXICAN_1.sub("+52 ", _without_plus_8(_visible(text), country))
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
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE) or _is_mexican_with_1(number)


def _is_mexican_with_1(number: phonenumbers.PhoneNumber) -> bool:
    return number.country_code == 52 and bool(re.fullmatch(r"1[2-9]\d{9}", str(number.national_number)))


def _visible(text: str) -> str:
    """A text without the characters of format that copying brings along."""
    return text if text.isascii() else "".join(part for part in text if unicodedata.category(part) != "Cf")


def _without_plus_8(text: str, country: str | None) -> str:
    """“+8 916…” as “8 916…”: no country's code is +8."""
    return _PLUS_8.sub("8", text) if country in _DIALLING_8 else text


def variants_of(phone: str) -> tuple[str, ...]:
    """
    All spellings, E.164, of the line that a phone is, the canonical one first; of most phones there is one. They are
    for finding who has it: a message goes to the spelling that is stored, since WhatsApp may not know the others.
    """
    for pattern, spellings in _SPELLINGS:
        if match := pattern.fullmatch(phone):
            return tuple(match.expand(spelling) for spelling in spellings)
    return (phone,)


def canonical_phone(phone: str) -> str:
    """The spelling that all variants of a phone have in common."""
    return variants_of(phone)[0]


def from_wa_id(wa_id: str) -> str:
    """E.164 of Meta's `wa_id` or `from`, which are digits without a plus (Webhooks, "messages")."""
    return f"+{wa_id}"


# The statuses of a message, which come one after the other, name the same recipient.
@lru_cache(maxsize=1024)
def country_of(recipient: str) -> str:
    """
    The ISO 3166 code of the country of a stored phone, or of a WhatsApp user id, which begins with it ("US.13491…");
    empty where there is none.
    """
    if not recipient.startswith("+"):
        country, dot, _rest = recipient.partition(".")
        return country.upper() if dot and len(country) == 2 and country.isascii() and country.isalpha() else ""
    try:
        number = phonenumbers.parse(recipient)
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.region_code_for_number(number)
    country = found or phonenumbers.region_code_for_country_code(number.country_code or 0)
    # Numbers of no country, like those of satellites, are of "001".
    return country if country.isalpha() else ""


def readable_phone(phone: str) -> str:
    """A stored phone as people read it: +7 916 123-45-67."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return phone
