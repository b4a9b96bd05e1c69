"""
A file of customers: the columns it may have, read and written.

The first row holds the headings, in Russian or English and in any order; a column of any other name is an attribute.
Tags stand in one cell, separated by commas; one that holds a comma itself is put in quotation marks.
"""

import re
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from whatsapp.phone_numbers import normalize_phone

from .customers import clean_names
from .models import Customer
from .models.customer import fold
from .spreadsheets import MAX_ROWS, rows_of

#: Column → how it is headed in English and in Russian.
HEADINGS = {
    "phone": ("Phone", "Телефон"),
    "name": ("Name", "Имя"),
    "tags": ("Tags", "Метки"),
    "opted_out": ("Opted out", "Отписан"),
    "whatsapp_user_id": ("WhatsApp user ID", "ID пользователя WhatsApp"),
}

COLUMNS = {fold(heading): column for column, headings in HEADINGS.items() for heading in headings}
COLUMNS |= {column: column for column in HEADINGS} | {"теги": "tags"}

#: Before the name of an attribute that would be taken for another column.
ATTRIBUTE = "attributes."

YES = {"1", "yes", "y", "true", "да", "д", "истина", "+", "x", "х", fold(HEADINGS["opted_out"][1])}
NO = {"0", "no", "n", "false", "нет", "н", "ложь", "-"}

DELIMITERS = ";\t,"

#: What Excel makes of a long number in a narrow column: 7,91612E+10.
SHORTENED = re.compile(r"\d[.,]\d+[eEеЕ]\+\d+")

TAG = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,;]*))\s*(?:[,;]|$)')


@dataclass(frozen=True)
class Row:
    """What a row says of a customer. Empty means that it says nothing; `phone` is E.164."""

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
    The customers in the text of a CSV file; `country` is where phones without a country code are from. Raises
    Refusal("unreadable_file") for a file that is refused as a whole.
    """

    def __init__(self, text, country):
        self.text, self.country = text, country
        self.delimiter = max(DELIMITERS, key=lambda delimiter: len(self._known_columns(delimiter)))
        self.columns = [column_of(heading) for heading in self._headings(self.delimiter)]
        self._refuse_unusable()

    def _headings(self, delimiter):
        return next((cells for _number, cells in rows_of(self.text, delimiter)), [])

    def _known_columns(self, delimiter):
        return HEADINGS.keys() & set(map(column_of, self._headings(delimiter)))

    def _refuse_unusable(self):
        if not {"phone", "whatsapp_user_id"} & set(self.columns):
            raise _refused(
                _("There is no column “%(column)s”. Its heading must be in the first row of the file.")
                % {"column": heading_of("phone")}
            )
        for column in self.columns:
            if column and self.columns.count(column) > 1:
                raise _refused(_("The column “%(column)s” is there twice.") % {"column": _name_of(column)})
        if sum(1 for _row in rows_of(self.text, self.delimiter)) - 1 > MAX_ROWS:
            raise _refused(_("The file has more than 200,000 rows. Split it, and import the parts."))

    def rows(self):
        """A Row or a Failure for every row below the headings; of a person named twice the first row counts."""
        seen = {}
        rows = rows_of(self.text, self.delimiter)
        next(rows)
        for number, cells in rows:
            try:
                row = self._row(number, cells)
                self._refuse_repeated(row, seen)
                yield row
            except ValidationError as error:
                yield Failure(number, " ".join(error.messages))

    def _refuse_repeated(self, row, seen):
        identity = row.phone or row.whatsapp_user_id
        first = seen.setdefault(identity, row.row)
        if first != row.row:
            raise ValidationError(_("Row %(row)s is about the same customer.") % {"row": first})

    def _row(self, number, cells):
        values, errors = {"attributes": {}}, []
        for position, cell in enumerate(cells):
            try:
                if cell.strip():
                    self._read(position, cell.strip(), values)
            except ValidationError as error:
                errors.append(error)
        if not errors and not values.keys() & {"phone", "whatsapp_user_id"}:
            errors.append(ValidationError(_("A customer needs a phone.")))
        if errors:
            raise ValidationError(errors)
        return Row(number, **values)

    def _read(self, position, text, values):
        column = self.columns[position] if position < len(self.columns) else ""
        if not column:
            raise ValidationError(_("“%(text)s” stands in a column without a heading.") % {"text": text[:40]})
        if column in HEADINGS:
            values[column] = READERS[column](text, self.country)
        else:
            values["attributes"][column.removeprefix(ATTRIBUTE)] = text


def column_of(heading):
    """A key of HEADINGS, the name of an attribute after ATTRIBUTE, or nothing for an empty heading."""
    if heading.startswith(ATTRIBUTE):
        return heading
    heading = heading.strip()
    return COLUMNS.get(fold(heading)) or (heading and f"{ATTRIBUTE}{heading}")


def _name_of(column):
    return column.removeprefix(ATTRIBUTE) if column.startswith(ATTRIBUTE) else heading_of(column)


def _refused(message):
    return Refusal("unreadable_file", message, status=400)


# Cells read


def read_phone(text, country):
    if SHORTENED.fullmatch(text):
        raise ValidationError(
            _("Excel has shortened the phone to “%(text)s”. Format the column as a number or as text, and save again.")
            % {"text": text}
        )
    return normalize_phone(text, country)


def read_name(text, country):
    if len(text) > Customer._meta.get_field("name").max_length:
        raise ValidationError(_("The name is longer than 200 characters."))
    return text


def read_tags(text, country):
    found = [quoted.replace('""', '"') or plain for quoted, plain in TAG.findall(text)]
    return tuple(clean_names(name for name in found if name.strip()))


def read_opted_out(text, country):
    if fold(text) not in YES | NO:
        raise ValidationError(_("“%(text)s” is neither yes nor no.") % {"text": text[:40]})
    return fold(text) in YES


def read_user_id(text, country):
    return text


READERS = {
    "phone": read_phone,
    "name": read_name,
    "tags": read_tags,
    "opted_out": read_opted_out,
    "whatsapp_user_id": read_user_id,
}


# Cells written


def in_language(words):
    english, russian = words
    return russian if (get_language() or "").startswith("ru") else english


def heading_of(column):
    return in_language(HEADINGS[column])


def attribute_heading(name):
    """The attribute's name as a heading that is read as this attribute."""
    return name if name and column_of(name) == f"{ATTRIBUTE}{name}" else f"{ATTRIBUTE}{name}"


def written_phone(phone, country):
    """
    Digits, which a spreadsheet shows as they are, where these are read as the same phone. Any other phone as it is
    stored: its plus is neutralised, and a spreadsheet does not round it.
    """
    digits = phone.lstrip("+")
    try:
        return digits if len(digits) <= 11 and normalize_phone(digits, country) == phone else phone
    except ValidationError:
        return phone


def written_tags(names):
    return ", ".join('"{}"'.format(name.replace('"', '""')) if is_ambiguous(name) else name for name in names)


def is_ambiguous(name):
    return bool(re.search('[,;"]', name)) or name != name.strip()


def written_opted_out(opted_out):
    """“No” is left empty, so that an old export opts nobody in again."""
    return in_language(("yes", "да")) if opted_out else ""
