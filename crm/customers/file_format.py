"""
A file of customers: the columns it may have, read and written.

The first row holds the headings, in Russian or English and in any order; a column of any other name is an attribute.
Tags are in one cell, separated by commas; one that contains a comma is in quotation marks.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from crm.normalization import fold
from whatsapp.phone_numbers import normalize_phone

from .customers import clean_tag_names
from .spreadsheets import read_rows

#: Column → how it is headed in English and in Russian.
HEADINGS: dict[str, tuple[str, str]] = {
    "phone": ("Phone", "Телефон"),
    "name": ("Name", "Имя"),
    "tags": ("Tags", "Метки"),
    "opted_out": ("Opted out", "Отписан"),
    "whatsapp_user_id": ("WhatsApp user ID", "ID пользователя WhatsApp"),
}

_COLUMNS = {fold(heading): column for column, headings in HEADINGS.items() for heading in headings}
_COLUMNS |= {column: column for column in HEADINGS} | {"теги": "tags"}

#: Before the name of an attribute that would be taken for another column.
ATTRIBUTE_PREFIX = "attributes."

_YES = {"1", "yes", "y", "true", "да", "д", "истина", "+", "x", "х", fold(HEADINGS["opted_out"][1])}
_NO = {"0", "no", "n", "false", "нет", "н", "ложь", "-"}

_DELIMITERS = ";\t,"

#: More than anybody has, and few enough to be read and stored in no time.
MAX_COLUMNS = 200
MAX_TAGS = 30

#: Characters of a name: as many as Customer.name holds.
MAX_NAME = 200

#: What Excel makes of a long number in a narrow column: 7,91612E+10.
_SHORTENED = re.compile(r"\d[.,]\d+[eEеЕ]\+\d+")

TAG = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,;]*))\s*(?:[,;]|$)')


@dataclass(frozen=True)
class Row:
    """What a row says about a customer. Empty means that it says nothing; `phone` is E.164."""

    row: int
    phone: str = ""
    whatsapp_user_id: str = ""
    name: str = ""
    tags: tuple[str, ...] = ()
    opted_out: bool | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A row that cannot be imported, numbered as a spreadsheet shows it, and why."""

    row: int
    error: str


class CustomerFile:
    """
    The customers in the text of a CSV file; `country` is where phones without a country code are from. `seen` is the
    row in which each person comes first, as far as the file was read before. Raises Refusal("unreadable_file") for a
    file that is refused as a whole.
    """

    def __init__(self, text: str, country: str, seen: dict[str, int] | None = None) -> None:
        self.text, self.country, self.seen = text, country, {} if seen is None else seen
        self.delimiter = max(_DELIMITERS, key=lambda delimiter: len(self._known_columns(delimiter)))
        self.columns = [_column(heading) for heading in self._headings(self.delimiter)]
        while self.columns and not self.columns[-1]:
            self.columns.pop()
        self._check_columns()

    def _headings(self, delimiter: str) -> list[str]:
        return next((cells for _number, cells in read_rows(self.text, delimiter)), [])

    def _known_columns(self, delimiter: str) -> set[str]:
        return HEADINGS.keys() & set(map(_column, self._headings(delimiter)))

    def _check_columns(self) -> None:
        if len(self.columns) > MAX_COLUMNS:
            raise _refused(_("The file has more than %(most)d columns.") % {"most": MAX_COLUMNS})
        if not {"phone", "whatsapp_user_id"} & set(self.columns):
            raise _refused(
                _("There is no column “%(column)s”. Its heading must be in the first row of the file.")
                % {"column": heading("phone")}
            )
        for column in self.columns:
            if column and self.columns.count(column) > 1:
                raise _refused(_("There are two columns “%(column)s”.") % {"column": _column_name(column)})

    def count_rows(self) -> int:
        """Rows below the headings. Raises Refusal("unreadable_file") and Refusal("too_many_rows")."""
        return sum(1 for _row in read_rows(self.text, self.delimiter)) - 1

    def rows(self, after: int = 0) -> Iterator[Row | Failure]:
        """
        A Row or a Failure for every row below the headings and below row `after`. A person's second row is a
        Failure.
        """
        rows = read_rows(self.text, self.delimiter)
        next(rows)
        for number, cells in rows:
            if number <= after:
                continue
            try:
                row = self._row(number, cells)
                self._check_is_first(row)
                yield row
            except ValidationError as error:
                yield Failure(number, " ".join(error.messages))

    def _check_is_first(self, row: Row) -> None:
        first = self.seen.setdefault(row.phone or row.whatsapp_user_id, row.row)
        if first != row.row:
            raise ValidationError(_("Row %(row)s is about the same customer.") % {"row": first})

    def _row(self, number: int, cells: list[str]) -> Row:
        values: dict[str, Any] = {"attributes": {}}
        errors = []
        for column, cell in zip(self.columns, cells, strict=False):
            try:
                if cell.strip():
                    self._read(column, cell.strip(), values)
            except ValidationError as error:
                errors.append(error)
        if stray := next(filter(str.strip, cells[len(self.columns) :]), None):
            errors.append(_without_heading(stray))
        if not errors and not values.keys() & {"phone", "whatsapp_user_id"}:
            errors.append(ValidationError(_("A customer needs a phone.")))
        if errors:
            raise ValidationError(errors)
        return Row(number, **values)

    def _read(self, column: str, text: str, values: dict[str, Any]) -> None:
        if not column:
            raise _without_heading(text)
        if column in HEADINGS:
            values[column] = _READERS[column](text, self.country)
        else:
            values["attributes"][column.removeprefix(ATTRIBUTE_PREFIX)] = text


def _column(heading: str) -> str:
    """A heading's column: a key of HEADINGS, an attribute's name after ATTRIBUTE_PREFIX, or empty like the heading."""
    if heading.startswith(ATTRIBUTE_PREFIX):
        return heading
    heading = heading.strip()
    return _COLUMNS.get(fold(heading)) or (heading and f"{ATTRIBUTE_PREFIX}{heading}")


def _column_name(column: str) -> str:
    return column.removeprefix(ATTRIBUTE_PREFIX) if column.startswith(ATTRIBUTE_PREFIX) else heading(column)


def _without_heading(text: str) -> ValidationError:
    return ValidationError(_("“%(text)s” is in a column without a heading.") % {"text": text.strip()[:40]})


def _refused(message: str) -> Refusal:
    return Refusal("unreadable_file", message, status=400)


# --- Reading cells ---------------------------------------------------------------------------------------


def _read_phone(text: str, country: str) -> str:
    if _SHORTENED.fullmatch(text):
        raise ValidationError(
            _("Excel has shortened the phone to “%(text)s”. Format the column as a number or as text, and save again.")
            % {"text": text}
        )
    return normalize_phone(text, country)


def _read_name(text: str, country: str) -> str:
    if len(text) > MAX_NAME:
        raise ValidationError(_("The name is longer than 200 characters."))
    return text


def _read_tags(text: str, country: str) -> tuple[str, ...]:
    found = [quoted.replace('""', '"') or plain for quoted, plain in TAG.findall(text)]
    names = tuple(clean_tag_names(name for name in found if name.strip()))
    if len(names) > MAX_TAGS:
        raise ValidationError(_("There are more than %(most)d tags.") % {"most": MAX_TAGS})
    return names


def _read_opted_out(text: str, country: str) -> bool:
    if fold(text) not in _YES | _NO:
        raise ValidationError(_("“%(text)s” is neither yes nor no.") % {"text": text[:40]})
    return fold(text) in _YES


def _read_user_id(text: str, country: str) -> str:
    return text


_READERS: dict[str, Callable[[str, str], Any]] = {
    "phone": _read_phone,
    "name": _read_name,
    "tags": _read_tags,
    "opted_out": _read_opted_out,
    "whatsapp_user_id": _read_user_id,
}


# --- Writing cells ---------------------------------------------------------------------------------------


def _in_active_language(english: str, russian: str) -> str:
    return russian if (get_language() or "").startswith("ru") else english


def heading(column: str) -> str:
    """The heading of one of HEADINGS, in the language that is active."""
    return _in_active_language(*HEADINGS[column])


def attribute_heading(name: str) -> str:
    """The attribute's name as a heading that is read as this attribute."""
    return name if name and _column(name) == f"{ATTRIBUTE_PREFIX}{name}" else f"{ATTRIBUTE_PREFIX}{name}"


def format_phone(phone: str, country: str) -> str:
    """
    Digits, which a spreadsheet shows as they are, where these are read as the same phone. Any other phone as it is
    stored: its plus is neutralised, and a spreadsheet does not round it.
    """
    digits = phone.lstrip("+")
    try:
        return digits if len(digits) <= 11 and normalize_phone(digits, country) == phone else phone
    except ValidationError:
        return phone


def format_tags(names: Iterable[str]) -> str:
    """Tag names in one cell, as they are read again."""
    return ", ".join('"{}"'.format(name.replace('"', '""')) if _is_ambiguous(name) else name for name in names)


def _is_ambiguous(name: str) -> bool:
    return bool(re.search('[,;"]', name)) or name != name.strip()


def format_opted_out(opted_out: bool) -> str:
    """“No” is left empty, so that an old export opts nobody in again."""
    return _in_active_language("yes", "да") if opted_out else ""
