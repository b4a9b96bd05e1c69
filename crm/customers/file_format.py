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
from crm.models import Customer
from crm.models.customer import fold
from whatsapp.phone_numbers import normalize_phone

from .customers import clean_names
from .spreadsheets import rows_of

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

#: More than anybody has, and few enough to be read and stored in no time.
MAX_COLUMNS = 200
MAX_TAGS = 30

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
    The customers in the text of a CSV file; `country` is where phones without a country code are from. `seen` is
    where each person is named first, as far as the file was read before. Raises Refusal("unreadable_file") for a
    file that is refused as a whole.
    """

    def __init__(self, text, country, seen=None):
        self.text, self.country, self.seen = text, country, {} if seen is None else seen
        self.delimiter = max(DELIMITERS, key=lambda delimiter: len(self._known_columns(delimiter)))
        self.columns = [column_of(heading) for heading in self._headings(self.delimiter)]
        while self.columns and not self.columns[-1]:
            self.columns.pop()
        self._refuse_unusable()

    def _headings(self, delimiter):
        return next((cells for _number, cells in rows_of(self.text, delimiter)), [])

    def _known_columns(self, delimiter):
        return HEADINGS.keys() & set(map(column_of, self._headings(delimiter)))

    def _refuse_unusable(self):
        if len(self.columns) > MAX_COLUMNS:
            raise _refused(_("The file has more than %(most)d columns.") % {"most": MAX_COLUMNS})
        if not {"phone", "whatsapp_user_id"} & set(self.columns):
            raise _refused(
                _("There is no column “%(column)s”. Its heading must be in the first row of the file.")
                % {"column": heading_of("phone")}
            )
        for column in self.columns:
            if column and self.columns.count(column) > 1:
                raise _refused(_("The column “%(column)s” is there twice.") % {"column": _name_of(column)})

    def count_rows(self):
        """Rows below the headings. Raises Refusal("unreadable_file") and Refusal("too_many_rows")."""
        return sum(1 for _row in rows_of(self.text, self.delimiter)) - 1

    def rows(self, after=0):
        """
        A Row or a Failure for every row below the headings and below row `after`; of a person named twice the first
        row counts.
        """
        rows = rows_of(self.text, self.delimiter)
        next(rows)
        for number, cells in rows:
            if number <= after:
                continue
            try:
                row = self._row(number, cells)
                self._refuse_repeated(row)
                yield row
            except ValidationError as error:
                yield Failure(number, " ".join(error.messages))

    def _refuse_repeated(self, row):
        first = self.seen.setdefault(row.phone or row.whatsapp_user_id, row.row)
        if first != row.row:
            raise ValidationError(_("Row %(row)s is about the same customer.") % {"row": first})

    def _row(self, number, cells):
        values, errors = {"attributes": {}}, []
        for column, cell in zip(self.columns, cells, strict=False):
            try:
                if cell.strip():
                    self._read(column, cell.strip(), values)
            except ValidationError as error:
                errors.append(error)
        if stray := next(filter(str.strip, cells[len(self.columns) :]), None):
            errors.append(without_heading(stray))
        if not errors and not values.keys() & {"phone", "whatsapp_user_id"}:
            errors.append(ValidationError(_("A customer needs a phone.")))
        if errors:
            raise ValidationError(errors)
        return Row(number, **values)

    def _read(self, column, text, values):
        if not column:
            raise without_heading(text)
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


def without_heading(text):
    return ValidationError(_("“%(text)s” stands in a column without a heading.") % {"text": text.strip()[:40]})


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
    names = tuple(clean_names(name for name in found if name.strip()))
    if len(names) > MAX_TAGS:
        raise ValidationError(_("There are more than %(most)d tags.") % {"most": MAX_TAGS})
    return names


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
