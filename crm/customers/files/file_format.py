"""
A file of customers, read row by row, and the cells that are written into one.

What each column holds is said by the headings (table.py), or by whoever imports the file. Tags are in one cell,
separated by commas; one that contains a comma is in quotation marks.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.names import clean_name
from accounts.refusals import Refusal
from crm.normalization import fold
from whatsapp.phone_numbers import canonical_phone, normalize_phone, phones_in

from ..tags import clean_tag_names
from .columns import (
    ATTRIBUTE_PREFIX,
    HEADINGS,
    IDENTITIES,
    MAX_COLUMNS,
    column_name,
    heading,
    in_active_language,
)
from .spreadsheets import WORKBOOK_SEPARATOR, read_rows
from .table import Table

_YES = {"1", "yes", "y", "true", "да", "д", "истина", "+", "x", "х", fold(HEADINGS["opted_out"][1])}
_NO = {"0", "no", "n", "false", "нет", "н", "ложь", "-"}

#: More than anybody has, and few enough to be read and stored in no time.
MAX_TAGS = 30

#: Characters of a name: as many as Customer.name holds.
MAX_NAME = 200

#: What Excel makes of a long number in a narrow column: 7,91612E+10.
_SHORTENED = re.compile(r"\d[.,]\d+[eEеЕ]\+\d+")

#: What a table of numbers adds to a phone: 79161234567.0 or 79161234567,00.
_DECIMALS = re.compile(r"(?<=\d{10})[.,]0+$")

TAG = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,;]*))\s*(?:[,;]|$)')


#: What Google Contacts puts between labels, and the label that all people there have.
_BETWEEN_LABELS, _LABEL_OF_ALL = " ::: ", "* myContacts"


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
    row in which each person comes first, as far as the file was read before. `columns`, one for each column of the
    table, says what the columns are to those who chose; otherwise the headings do. Raises Refusal("unreadable_file")
    for a file that is refused as a whole, such as one in which a quotation mark that is never closed swallows rows.
    """

    def __init__(
        self, text: str, country: str, seen: dict[str, int] | None = None, columns: Sequence[str] | None = None
    ) -> None:
        self.country, self.seen = country, {} if seen is None else seen
        self.table = Table(text, country)
        self.are_chosen = columns is not None
        self.columns = self.table.columns if columns is None else list(columns)
        self._check_columns()
        identities = (place for place, column in enumerate(self.columns) if column in IDENTITIES)
        self._identity = next(identities, None)

    def _check_columns(self) -> None:
        if len(self.columns) > MAX_COLUMNS:
            raise _refused(_("The file has more than %(most)d columns.") % {"most": MAX_COLUMNS})
        if self.are_chosen:
            _check_chosen(self.columns)
        elif not IDENTITIES & set(self.columns) and not self.table.has_phones:
            raise _refused(
                _("There is no column “%(column)s”. Its heading must be in the first row of the file.")
                % {"column": heading("phone")}
            )

    def count_rows(self) -> int:
        """Rows below the headings. Raises Refusal("unreadable_file") and Refusal("too_many_rows")."""
        return sum(1 for _row in self._rows_below())

    def _rows_below(self) -> Iterator[tuple[int, list[str]]]:
        """The rows below the headings. Raises Refusal("unreadable_file") for one in which others are swallowed."""
        for number, cells in read_rows(self.table.text, self.table.delimiter):
            if any(map(self._holds_row, cells)):
                sentence = _("In row %(row)s a quotation mark is not closed and takes in the rows below. Remove it.")
                raise _refused(sentence % {"row": number})
            if number > self.table.heading_row:
                yield number, cells

    def _holds_row(self, cell: str) -> bool:
        """Whether a line within a cell is a customer's row. Workbooks have no quotation marks around their cells."""
        if self._identity is None or self.table.delimiter == WORKBOOK_SEPARATOR:
            return False
        rows = (line.split(self.table.delimiter) for line in cell.splitlines()[1:])
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
        first = self.seen.setdefault(canonical_phone(row.phone) or row.whatsapp_user_id, row.row)
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
        if not errors and not values.keys() & IDENTITIES:
            errors.append(ValidationError(_("A customer needs a phone.")))
        if errors:
            raise ValidationError(errors)
        return Row(number, **values)

    def _read(self, column: str, text: str, values: dict[str, Any]) -> None:
        if not column and self.are_chosen:
            return
        if not column:
            raise _without_heading(text)
        if column == "whatsapp_username":
            # WhatsApp alone says it.
            return
        if column in HEADINGS:
            values[column] = _READERS[column](text, self.country)
        else:
            values["attributes"][column.removeprefix(ATTRIBUTE_PREFIX)] = text


def _check_chosen(columns: Sequence[str]) -> None:
    """Raise Refusal("wrong_columns") for a choice without a phone, or with the same thing twice."""
    if not IDENTITIES & set(columns):
        sentence = _("Say which column is “%(column)s”: nobody is imported without it.")
        raise Refusal("wrong_columns", sentence % {"column": heading("phone")}, status=400)
    for column in columns:
        if column and list(columns).count(column) > 1:
            sentence = _("“%(column)s” is chosen for two columns. Choose it for one of them.")
            raise Refusal("wrong_columns", sentence % {"column": column_name(column)}, status=400)


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
    return clean_name(text)


def _read_tags(text: str, country: str) -> tuple[str, ...]:
    found: list[str] = []
    for quoted, plain in TAG.findall(text):
        labels = (label for label in plain.split(_BETWEEN_LABELS) if label.strip() != _LABEL_OF_ALL)
        found += [quoted.replace('""', '"')] if quoted else labels
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
    is_label = _BETWEEN_LABELS in name or name.strip() == _LABEL_OF_ALL
    return bool(re.search('[,;"]', name)) or is_label or name != name.strip()


def format_opted_out(opted_out: bool) -> str:
    """“No” is left empty, so that an old export opts nobody in again."""
    return in_active_language("yes", "да") if opted_out else ""
