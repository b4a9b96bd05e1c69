"""What a question accepts as an answer. Each reader returns the text to save, or None when it is no such answer."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from bots.document.interpolation import MAX_VALUE
from bots.document.matching import folded
from whatsapp.phone_numbers import normalize_phone

from .events import Said

_TODAY = {"сегодня", "today"}
_TOMORROW = {"завтра", "tomorrow"}


def _read_text(said: Said, now: datetime) -> str | None:
    return said.text.strip()[:MAX_VALUE] or None


def _read_number(said: Said, now: datetime) -> str | None:
    return read_number(said.text)


def read_number(text: str) -> str | None:
    """A number as people write it, in digits with a point: 1 500,50 is 1500.50. None for what is no number."""
    plain = re.sub(r"[\s_']", "", text).replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,12}(\.\d{1,6})?", plain, re.ASCII):
        return None
    try:
        return f"{Decimal(plain):f}"
    except InvalidOperation:
        return None


def _read_email(said: Said, now: datetime) -> str | None:
    address = said.text.strip()
    try:
        validate_email(address)
    except ValidationError:
        return None
    return address


def _read_phone(said: Said, now: datetime) -> str | None:
    try:
        return str(normalize_phone(said.text, said.person.country))
    except ValidationError:
        return None


def _read_day(said: Said, now: datetime) -> str | None:
    """25.12.2026, 25.12.26, 25.12 (the next one), 2026-12-25, today, tomorrow. Saved as 2026-12-25."""
    today = now.date()
    words = folded(said.text)
    if words in _TODAY:
        return today.isoformat()
    if words in _TOMORROW:
        return (today + timedelta(days=1)).isoformat()
    try:
        return _read_date(words, today).isoformat()
    except ValueError:
        return None


def _read_date(words: str, today: date) -> date:
    """Raises ValueError for what is no date."""
    if iso := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", words, re.ASCII):
        return date(*map(int, iso.groups()))
    written = re.fullmatch(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?", words, re.ASCII)
    if not written:
        raise ValueError(words)
    day_of_month, month, year = written.groups()
    if year:
        return date(int(year) % 100 + 2000 if len(year) == 2 else int(year), int(month), int(day_of_month))
    this_year = date(today.year, int(month), int(day_of_month))
    return this_year if this_year >= today else this_year.replace(year=today.year + 1)


def _read_image(said: Said, now: datetime) -> str | None:
    """Meta's id of the picture."""
    return _media_id(said, "image")


def _read_document(said: Said, now: datetime) -> str | None:
    """Meta's id of the file."""
    return _media_id(said, "document")


def _media_id(said: Said, type: str) -> str | None:
    return str(said.content.get("id") or "") or None if said.type == type else None


def _read_location(said: Said, now: datetime) -> str | None:
    """Latitude and longitude, and the address where there is one."""
    place = said.content
    if said.type != "location" or "latitude" not in place or "longitude" not in place:
        return None
    written = [f"{place['latitude']},{place['longitude']}", place.get("name"), place.get("address")]
    return " ".join(str(part) for part in written if part)[:MAX_VALUE]


#: The reader of each kind of answer of an `ask` step; the moment is in the business's time zone.
READERS: dict[str, Callable[[Said, datetime], str | None]] = {
    "text": _read_text,
    "number": _read_number,
    "email": _read_email,
    "phone": _read_phone,
    "date": _read_day,
    "image": _read_image,
    "document": _read_document,
    "location": _read_location,
}
