"""
A file of customers: the columns it may have, read and written.

The first row holds the headings, in Russian or English and in any order; a column of any other name is an attribute.
Tags are in one cell, separated by commas; one that contains a comma is in quotation marks.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from crm.normalization import fold, normalize, trim, visible
from whatsapp.phone_numbers import normalize_phone, phones_in

from .spreadsheets import read_rows, without_separator_line
from .tags import clean_tag_names

#: Column → how it is headed in English and in Russian.
HEADINGS: dict[str, tuple[str, str]] = {
    "phone": ("Phone", "Телефон"),
    "name": ("Name", "Имя"),
    "tags": ("Tags", "Метки"),
    "opted_out": ("Opted out", "Отписан"),
    "whatsapp_user_id": ("WhatsApp user ID", "ID пользователя WhatsApp"),
}

#: The columns that say who somebody is.
_IDENTITIES = {"phone", "whatsapp_user_id"}

#: Column → how other programs head it. Such a column counts where none has the heading itself; the first is taken.
_OTHER_HEADINGS: dict[str, tuple[str, ...]] = {
    "phone": (
        *("номер телефона", "мобильный телефон", "телефон клиента", "контактный телефон", "рабочий телефон"),
        *("мобильный", "моб. телефон", "тел", "номер", "whatsapp", "номер whatsapp", "телефон 1", "телефоны"),
        *("phone number", "mobile", "mobile phone", "cell phone", "work phone", "phone 1", "phone 1 - value"),
    ),
    "name": (
        *("фио", "имя клиента", "имя контакта", "полное имя", "имя и фамилия", "имя фамилия", "контакт", "клиент"),
        *("full name", "customer name", "contact name", "first name", "display name"),
    ),
}

#: The headings stand in one of the first rows that are not empty: a title may come before.
_MAX_TITLE_ROWS = 5

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

#: What a table of numbers adds to a phone: 79161234567.0 or 79161234567,00.
_DECIMALS = re.compile(r"(?<=\d{10})[.,]0+$")

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
    file that is refused as a whole, such as one in which a quotation mark that is never closed swallows rows.
    """

    def __init__(self, text: str, country: str, seen: dict[str, int] | None = None) -> None:
        self.country, self.seen = country, {} if seen is None else seen
        self.text, separator = without_separator_line(text)
        candidates = [(delimiter, *self._headings(delimiter)) for delimiter in separator or _DELIMITERS]
        best = max(candidates, key=lambda found: len(HEADINGS.keys() & set(found[2])))
        self.delimiter, self.heading_row, self.columns = best
        while self.columns and not self.columns[-1]:
            self.columns.pop()
        self._check_columns()
        self._identity = next(place for place, column in enumerate(self.columns) if column in _IDENTITIES)

    def _headings(self, delimiter: str) -> tuple[int, list[str]]:
        """The row of the headings with a delimiter, and the columns they name: the first that tells people apart."""
        rows = islice(read_rows(self.text, delimiter), 1 + _MAX_TITLE_ROWS)
        found = [(number, _columns(cells)) for number, cells in rows] or [(1, [])]
        return next(((number, columns) for number, columns in found if _IDENTITIES & set(columns)), found[0])

    def _check_columns(self) -> None:
        if len(self.columns) > MAX_COLUMNS:
            raise _refused(_("The file has more than %(most)d columns.") % {"most": MAX_COLUMNS})
        if not _IDENTITIES & set(self.columns):
            raise _refused(
                _("There is no column “%(column)s”. Its heading must be in the first row of the file.")
                % {"column": heading("phone")}
            )
        for column in self.columns:
            if column and self.columns.count(column) > 1:
                raise _refused(_("There are two columns “%(column)s”.") % {"column": _column_name(column)})

    def count_rows(self) -> int:
        """Rows below the headings. Raises Refusal("unreadable_file") and Refusal("too_many_rows")."""
        return sum(1 for _row in self._rows_below())

    def _rows_below(self) -> Iterator[tuple[int, list[str]]]:
        """The rows below the headings. Raises Refusal("unreadable_file") for one in which others are swallowed."""
        for number, cells in read_rows(self.text, self.delimiter):
            if any(map(self._holds_row, cells)):
                sentence = _("In row %(row)s a quotation mark is not closed and takes in the rows below. Remove it.")
                raise _refused(sentence % {"row": number})
            if number > self.heading_row:
                yield number, cells

    def _holds_row(self, cell: str) -> bool:
        """Whether a line within a cell is a customer's row."""
        rows = (line.split(self.delimiter) for line in cell.splitlines()[1:])
        full = (cells for cells in rows if len(cells) >= len(self.columns))
        return any(any(phones_in(cells[self._identity], self.country)) for cells in full)

    def rows(self, after: int = 0) -> Iterator[Row | Failure]:
        """
        A Row or a Failure for every row below the headings and below row `after`. A person's second row is a
        Failure.
        """
        for number, cells in self._rows_below():
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
        if not errors and not values.keys() & _IDENTITIES:
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


def _columns(headings: list[str]) -> list[str]:
    """The columns that headings name; other programs' headings where there is none of our own."""
    columns = list(map(_column, headings))
    for column, others in _OTHER_HEADINGS.items():
        plain = [trim(normalize(heading)) for heading in headings]
        place = next((plain.index(other) for other in map(trim, others) if other in plain), None)
        if column not in columns and place is not None:
            columns[place] = column
    return columns


def _column(heading: str) -> str:
    """A heading's column: a key of HEADINGS, an attribute's name after ATTRIBUTE_PREFIX, or empty like the heading."""
    if heading.startswith(ATTRIBUTE_PREFIX):
        return heading
    heading = visible(heading).strip()
    return _COLUMNS.get(trim(normalize(heading))) or (heading and f"{ATTRIBUTE_PREFIX}{heading}")


def _column_name(column: str) -> str:
    return column.removeprefix(ATTRIBUTE_PREFIX) if column.startswith(ATTRIBUTE_PREFIX) else heading(column)


def _without_heading(text: str) -> ValidationError:
    return ValidationError(_("“%(text)s” is in a column without a heading.") % {"text": text.strip()[:40]})


def _refused(message: str) -> Refusal:
    return Refusal("unreadable_file", message, status=400)


# --- Reading cells ---------------------------------------------------------------------------------------


def _read_phone(text: str, country: str) -> str:
    text = _DECIMALS.sub("", text)
    if _SHORTENED.fullmatch(text):
        raise ValidationError(
            _("Excel has shortened the phone to “%(text)s”. Format the column as a number or as text, and save again.")
            % {"text": text}
        )
    try:
        return normalize_phone(text, country)
    except ValidationError:
        if len(set(phones_in(text, country))) < 2:
            raise
    raise ValidationError(_("There are two phones in “%(text)s”. Leave the one with WhatsApp.") % {"text": text[:60]})


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
