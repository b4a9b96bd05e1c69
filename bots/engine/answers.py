"""
What a question accepts as an answer. Each reader returns the value to save, or None: there is no such value in what
was said, or more than one, so that it is unknown which is meant.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from bots.document.interpolation import MAX_VALUE
from crm.normalization import normalize, visible
from whatsapp.phone_numbers import from_wa_id, phones_in

from .dates import dates_in
from .events import Said

T = TypeVar("T")

#: A number with blanks, apostrophes, commas or points between its thousands, or plain, each with decimals.
_NUMBER = re.compile(
    r"(?<![\w.,:/+-])(?P<sign>[+-])?"
    r"(?P<whole>\d{1,3}(?:[ '_]\d{3})+|\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:\.\d{3}){2,}|\d{1,12})"
    r"(?:[.,](?P<decimals>\d{1,6}))?(?![\d]|[.,:/'-]\d| ?[-–—] ?\d)",
)

#: A word behind a number that makes it larger.
_MULTIPLE = re.compile(r" ?(тыс|тысяч|тысячи|тысяча|к|k|thousand|млн|миллион|миллиона|миллионов|million)\b\.?")
_MILLIONS = ("м", "m")
_MAX_NUMBER = Decimal(10) ** 12


def _read_text(said: Said, now: datetime) -> str | None:
    return said.text.strip()[:MAX_VALUE] if visible(said.text).strip() else None


def _read_number(said: Said, now: datetime) -> str | None:
    return find_number(said.text)


def read_number(text: str) -> str | None:
    """The number that a text is, in digits with a point: 1 500,50 is 1500.50. None for what is no number alone."""
    plain = _plain(text)
    found = _NUMBER.fullmatch(re.sub(r"^([+-]) ", r"\1", plain))
    return _digits(found) if found else None


def find_number(text: str) -> str | None:
    """The one number in a text, as `read_number` writes it: 5 шт is 5, 2 тыс. is 2000."""
    if number := read_number(text):
        return number
    plain = _plain(text)
    found = list(_NUMBER.finditer(plain))
    if len(found) != 1 or _has_other_digits(plain, found[0]):
        return None
    number = _digits(found[0])
    multiple = _MULTIPLE.match(plain, found[0].end())
    if number is None or multiple is None:
        return number
    larger = Decimal(number) * (1_000_000 if multiple[1].startswith(_MILLIONS) else 1000)
    return f"{larger.normalize():f}" if abs(larger) < _MAX_NUMBER else None


def _plain(text: str) -> str:
    """A text with the blanks and the minus that keyboards have."""
    return normalize(text).replace("\N{MINUS SIGN}", "-").replace("’", "'")


def _has_other_digits(text: str, number: re.Match[str]) -> bool:
    rest = text[: number.start()] + text[number.end() :]
    return any(character.isdigit() for character in rest)


def _digits(number: re.Match[str]) -> str | None:
    whole = re.sub(r"\D", "", number["whole"])
    if len(whole) > 12:
        return None
    sign = "-" if number["sign"] == "-" else ""
    decimals = f".{number['decimals']}" if number["decimals"] else ""
    return f"{Decimal(f'{sign}{whole}{decimals}'):f}"


def _read_email(said: Said, now: datetime) -> str | None:
    """The one address in a text; what is in a link is none."""
    parts = re.split(r"[\s<>(),;:\"«»“”]+", re.sub(r"\w{1,20}://\S*", " ", visible(said.text)))
    return _only(part for part in (part.strip(".!?'’") for part in parts) if _is_email(part))


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _read_phone(said: Said, now: datetime) -> str | None:
    """The one phone in a text, or on the contact cards that were sent."""
    if said.type == "contacts":
        return _only(_phones_of(said.content.get("contacts"), said.person.country))
    return _only(phones_in(said.text, said.person.country))


def _phones_of(cards: Any, country: str) -> Iterator[str]:
    """The phones on contact cards (Webhooks, "contacts")."""
    for card in cards if isinstance(cards, list) else []:
        phones = card.get("phones") if isinstance(card, dict) else None
        for entry in phones if isinstance(phones, list) else []:
            if isinstance(entry, dict):
                phone = from_wa_id(str(entry["wa_id"])) if entry.get("wa_id") else str(entry.get("phone") or "")
                yield from phones_in(phone, country)


def _read_date(said: Said, now: datetime) -> str | None:
    """The one day in a text, as 2026-12-25: 25.12.2026, 25.12 (the next one), 25 декабря, завтра."""
    day = _only(dates_in(said.text, now.date()))
    return day.isoformat() if day else None


def _only(values: Iterable[T]) -> T | None:
    """The value that is the only one, or None."""
    different = set(values)
    return different.pop() if len(different) == 1 else None


def _read_image(said: Said, now: datetime) -> str | None:
    """Meta's id of the picture, also of one that was sent as a file."""
    is_file = said.type == "document" and str(said.content.get("mime_type") or "").startswith("image/")
    return _media_id(said, "document" if is_file else "image")


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
    "date": _read_date,
    "image": _read_image,
    "document": _read_document,
    "location": _read_location,
}
