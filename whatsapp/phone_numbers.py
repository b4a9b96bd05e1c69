"""Phones as people write them, and as they are stored: E.164, for example +79161234567."""

from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def normalize_phone(text: Any, country: str | None = "RU") -> str:
    """
    E.164 of a phone written in any usual way; a number without a country code is one of `country`, or refused if that
    is None.

    Accepts what is *possible* (length), not only what today's numbering plan calls valid. Raises ValidationError.
    """
    try:
        number = phonenumbers.parse(str(text), country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationError(
            _("“%(phone)s” is not a phone number. Write it with the country code, for example +79161234567."),
            code="invalid_phone",
            params={"phone": str(text)[:40]},
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def from_wa_id(wa_id: str) -> str:
    """E.164 of Meta's `wa_id` or `from`, which are digits without a plus (Webhooks, "messages")."""
    return f"+{wa_id}"


def readable_phone(phone: str) -> str:
    """A stored phone as people read it: +7 916 123-45-67."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return phone
