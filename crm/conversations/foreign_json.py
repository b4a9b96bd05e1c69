"""Values in somebody else's JSON, in which anything may be missing or of another type, and links made of them."""

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlsplit

#: A price or a quantity is less, and has no more decimals.
_MAX_NUMBER = Decimal(10) ** 12
_MAX_DECIMALS = 6
_MAX_DIGITS = 30

_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")


def dict_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def dicts_of(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def text_of(value: Any) -> str | None:
    """A text in which something stands; ids come as numbers too."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return _str(value).strip() or None


def _str(value: Any) -> str:
    """A value as text; nothing for an integer longer than Python writes."""
    try:
        return str(value)
    except ValueError:
        return ""


def number_of(value: Any) -> Decimal | None:
    """A number that is not negative, or None for what is none. JSON has 350.0 for 350, and texts as well."""
    text = _digits(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number < _MAX_NUMBER:
        return None
    return number if number == round(number, _MAX_DECIMALS) else None


def _digits(value: Any) -> str:
    """A number as it is written, empty for what is none or longer than any."""
    text = "" if isinstance(value, bool) or not isinstance(value, int | float | str) else _str(value).strip()
    return text if len(text) <= _MAX_DIGITS else ""


def degrees_of(value: Any, limit: int) -> float | None:
    try:
        degrees = float(_digits(value))
    except ValueError:
        return None
    return degrees if math.isfinite(degrees) and abs(degrees) <= limit else None


def web_link(value: Any) -> str | None:
    """An address of the web, or None: nobody is led anywhere else by what a customer sent."""
    text = text_of(value) or ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    is_plain = not re.search(r"[\s\x00-\x1f<>\"\\]", text)
    return text if parts.scheme in ("http", "https") and parts.hostname and is_plain else None


def phone_link(phone: str) -> str:
    digits = re.sub(r"[^0-9]", "", phone)
    plus = "+" if phone.strip().startswith("+") else ""
    return f"tel:{plus}{digits}" if 3 <= len(digits) <= 15 else ""


def email_link(email: str) -> str:
    return f"mailto:{quote(email, safe='@')}" if _EMAIL.fullmatch(email) else ""
