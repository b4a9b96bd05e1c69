"""CSV files as spreadsheets write and open them, and the cells in them."""

import codecs
import csv
import io
import unicodedata

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from accounts.refusals import Refusal

#: A cell that begins with one of these is taken for a formula by a spreadsheet.
FORMULA_STARTS = tuple("=+-@|\t\r\n\0")

#: Bytes of a file, and rows in it below the headings, empty ones too.
MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000

CSV_TYPE = "text/csv; charset=utf-8"

#: A zip archive, which every .xlsx is, and the file of an old Excel.
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

#: What a spreadsheet knows UTF-8 by.
BOM = "\ufeff"

BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Line:
    """A file that hands back what is written to it."""

    def write(self, text):
        return text


def is_formula(text):
    """Whether a spreadsheet would take the text for a formula, were it not for apostrophes before it."""
    if text[:1].isalnum():
        return False
    first = unicodedata.normalize("NFKC", text.lstrip("'")[:20]).lstrip(" ")[:1]
    return bool(first) and first in FORMULA_STARTS


def harmless(cell):
    """The cell, with an apostrophe before what a spreadsheet would take for a formula."""
    text = str(cell)
    return f"'{text}" if is_formula(text) else text


def restored(text):
    """What `harmless` was given."""
    return text[1:] if text.startswith("'") and is_formula(text) else text


def written(rows):
    """Lines of a file as a Russian Excel opens it: UTF-8 with a byte order mark, semicolons, and no formulas."""
    mark = BOM
    for row in rows:
        yield mark + written_row(row)
        mark = ""


def written_row(cells):
    return csv.writer(Line(), delimiter=";").writerow([harmless(cell) for cell in cells])


def download(rows, file_name):
    """Rows of cells as a CSV file, streamed."""
    return StreamingHttpResponse(
        written(rows),
        content_type=CSV_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def text_of(raw):
    """
    The text in the bytes of a CSV file: UTF-8 or UTF-16, or what Windows calls ANSI in Russia (cp1251). Raises
    Refusal("unreadable_file") for what is no such file, and Refusal("file_too_large").
    """
    if len(raw) > MAX_BYTES:
        raise Refusal(
            "file_too_large", _("The file is larger than 20 MB. Split it, and import the parts."), status=413
        )
    if raw.startswith(WORKBOOKS):
        raise _unreadable(_("This is an Excel workbook. In Excel choose Save as → CSV UTF-8, and import that file."))
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unreadable(_("This is no text file. Save the table as CSV UTF-8, and import that file."))


def _encodings(raw):
    for mark, encoding in BOMS.items():
        if raw.startswith(mark):
            return [encoding]
    even, odd = raw[:1000:2].count(0), raw[1:1000:2].count(0)
    if even or odd:
        return ["utf-16-le" if odd > even else "utf-16-be"]
    return ["utf-8", "cp1251"]


def rows_of(text, delimiter):
    """
    Every row that is not empty: its number as a spreadsheet shows it, and its cells. Raises
    Refusal("unreadable_file") and Refusal("too_many_rows").
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MAX_ROWS + 1:
                raise Refusal(
                    "too_many_rows",
                    _("The file has more than 200,000 rows. Split it, and import the parts."),
                    status=413,
                )
            if any(cell.strip() for cell in cells):
                yield number, [restored(cell) for cell in cells]
    except csv.Error as error:
        raise _unreadable(
            _("The file cannot be read after row %(row)s: perhaps a quotation mark there is never closed.")
            % {"row": number}
        ) from error


def _unreadable(message):
    return Refusal("unreadable_file", message, status=400)
