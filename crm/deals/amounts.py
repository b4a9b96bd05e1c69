"""Amounts of money as people type them."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: What people group digits with, and write after a sum.
_BLANKS = re.compile(r"[\s\u00a0\u2009\u202f'’_]+")
_CURRENCY = re.compile(r"(?i)^(?:[₽$€₸£]|rub|usd|eur|kzt)|(?:[₽$€₸£]|rub|usd|eur|kzt|руб(?:лей|ля|ль)?\.?|р\.?)$")

#: 1500 · 1500,5 · 1.500.000,50 · 1,500.50 · groups of three need another sign before the hundredths, or two groups.
_PLAIN = re.compile(r"\d+(?:[.,]\d{1,2})?")
_GROUPED = re.compile(r"\d{1,3}(?:(?:\.\d{3})+(?:,\d{1,2})|(?:,\d{3})+(?:\.\d{1,2})|(?:\.\d{3}){2,}|(?:,\d{3}){2,})")


def parse_amount(text: str) -> Decimal | None:
    """
    The amount that a text names; None for an empty one. Raises ValidationError where it names none, or could be read
    in two ways: 1.500 is fifteen hundred to one person and one and a half to another.
    """
    written = _CURRENCY.sub("", _BLANKS.sub("", text))
    if not written:
        return None
    if _PLAIN.fullmatch(written):
        return Decimal(written.replace(",", "."))
    if _GROUPED.fullmatch(written):
        digits = re.sub(r"[.,](?=\d{3})", "", written)
        return Decimal(digits.replace(",", "."))
    raise ValidationError(_("Write an amount in figures, for example 1500 or 1500.50."), code="invalid")
