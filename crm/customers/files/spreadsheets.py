"""CSV files as spreadsheets write and open them, and the cells in them."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from accounts.refusals import Refusal

from .foreign_kinds import foreign_kind_text

#: A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA_STARTS = tuple("=+-@|\t\r\n\0")

#: Bytes of a file, and rows in it below the headings, empty ones too.
MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000

CSV_TYPE = "text/csv; charset=utf-8"

#: Between the cells of a table that is made of a workbook: no cell of one holds it.
WORKBOOK_SEPARATOR = "\x1f"

#: What a spreadsheet shows in place of a value that cannot be computed.
_ERRORS = {
    *("#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
    *("#Н/Д", "#ПУСТО!", "#ДЕЛ/0!", "#ЗНАЧ!", "#ССЫЛКА!", "#ИМЯ?", "#ЧИСЛО!", "#ПЕРЕНОС!", "#ВЫЧИСЛ!"),
}

#: By this a spreadsheet recognises UTF-8.
BOM = "\ufeff"

#: The encodings of Russian with a byte a letter, the likeliest first, and the bytes by which they are told apart.
_CYRILLIC_ENCODINGS = ("cp1251", "cp866", "mac_cyrillic")
_SAMPLE = 100_000
_RUSSIAN_LETTER = re.compile("[А-Яа-яЁё]")
#: The letters that make up nine tenths of Russian, by which a text is told from one in a wrong encoding.
_COMMON_LETTERS = frozenset("оеёаинтсрвлкмдпуяыьг")

#: By these a file that is no text is known where every byte is a letter. DOS ends a file with \x1a.
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")

#: The line that tells Excel which character separates the cells.
_SEPARATOR_LINE = re.compile(r"sep=(?P<separator>[;,:|\t\x1f])[;,\t]*\r?(?:\n|$)", re.IGNORECASE)

_BOM_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula or its error, were it not for apostrophes before it."""
    if text[:1].isalnum():
        return False
    if text.lstrip("'").strip() in _ERRORS:
        return True
    first = unicodedata.normalize("NFKC", text.lstrip("'")[:20]).lstrip(" ")[:1]
    return bool(first) and first in _FORMULA_STARTS


def escape_cell(cell: object) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a formula."""
    text = str(cell)
    return f"'{text}" if _is_formula(text) else text


def unescape_cell(text: str) -> str:
    """The cell that was escaped."""
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A file as a Russian Excel opens it: UTF-8 with a byte order mark, semicolons, and no formulas."""
    mark = BOM
    for row in rows:
        yield mark + csv_line(row)
        mark = ""


def csv_line(cells: Iterable[object]) -> str:
    """A row of cells as a line of a CSV file."""
    # Returns what _Echo.write does.
    line: str = csv.writer(_Echo(), delimiter=";").writerow([escape_cell(cell) for cell in cells])
    return line


def download(rows: Iterable[Iterable[object]], file_name: str) -> StreamingHttpResponse:
    """Rows of cells as a CSV file, streamed."""
    return StreamingHttpResponse(
        _csv_lines(rows),
        content_type=CSV_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def decode(raw: bytes) -> str:
    """
    The text in the bytes of a CSV file: UTF-8 or UTF-16, or Russian as Windows, DOS or an old Mac writes it. Raises
    Refusal("unreadable_file") for what is no such file, and Refusal("file_too_large").
    """
    if len(raw) > MAX_BYTES:
        raise too_large()
    if told := foreign_kind_text(raw):
        raise unreadable(told)
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and not (encoding in _CYRILLIC_ENCODINGS and _CONTROL_CHARACTER.search(text)):
            return text
    raise unreadable(_("This is not a text file. Save the table as CSV UTF-8, and import that file."))


def _encodings(raw: bytes) -> list[str]:
    for mark, encoding in _BOM_ENCODINGS.items():
        if raw.startswith(mark):
            return [encoding]
    even, odd = raw[:1000:2].count(0), raw[1:1000:2].count(0)
    if even or odd:
        return ["utf-16-le" if odd > even else "utf-16-be"]
    return ["utf-8", *_cyrillic_encodings(raw)]


def _cyrillic_encodings(raw: bytes) -> list[str]:
    """The likeliest first. None where DOS and a Mac are as likely, which is so in a file of a word or two."""
    counts = {encoding: _count_letters(raw, encoding) for encoding in _CYRILLIC_ENCODINGS}
    first, second, third = sorted(counts, key=lambda encoding: counts[encoding], reverse=True)
    if first != _CYRILLIC_ENCODINGS[0] and counts[first] == counts[second]:
        return []
    return [first, second, third]


def _count_letters(raw: bytes, encoding: str) -> tuple[int, int]:
    """How many Russian letters are at the beginning of a file, if this is its encoding, and how many common ones."""
    letters = _RUSSIAN_LETTER.findall(raw[:_SAMPLE].decode(encoding, "replace"))
    return len(letters), sum(letter.lower() in _COMMON_LETTERS for letter in letters)


def without_separator_line(text: str) -> tuple[str, str]:
    """The text of a CSV file without the line by which Excel is told the separator, and that; empty for none."""
    line = _SEPARATOR_LINE.match(text)
    return (text[line.end() :], line["separator"]) if line else (text, "")


def read_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """
    Every row that is not empty: its number as a spreadsheet shows it, and its cells; an error such as #N/A is no
    value. Raises Refusal("unreadable_file") and Refusal("too_many_rows").
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MAX_ROWS + 1:
                raise too_many_rows()
            shown = ["" if cell.strip() in _ERRORS else unescape_cell(cell) for cell in cells]
            if any(map(str.strip, shown)):
                yield number, shown
    except csv.Error as error:
        raise unreadable(
            _("The file cannot be read after row %(row)s: perhaps a quotation mark there is never closed.")
            % {"row": number}
        ) from error


def unreadable(message: str) -> Refusal:
    """The Refusal of a file as a whole."""
    return Refusal("unreadable_file", message, status=400)


def too_large() -> Refusal:
    return Refusal("file_too_large", _("The file is larger than 20 MB. Split it, and import the parts."), status=413)


def too_many_rows() -> Refusal:
    return Refusal(
        "too_many_rows", _("The file has more than 200,000 rows. Split it, and import the parts."), status=413
    )
