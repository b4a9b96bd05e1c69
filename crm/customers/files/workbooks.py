"""
Excel workbooks (.xlsx) as the text of a CSV file. What a workbook declares about itself is not believed: whatever
openpyxl reads of it is counted, and reading ends at a limit or after some seconds.
"""

import csv
import math
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from io import BytesIO, StringIO
from itertools import islice
from typing import IO, Any
from xml.parsers import expat

from django.utils.translation import gettext as _
from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHEET_MAIN_NS

from accounts.refusals import Refusal

from .foreign_kinds import broken_text
from .spreadsheets import MAX_BYTES, MAX_ROWS, WORKBOOK_SEPARATOR, too_large, too_many_rows, unreadable

#: Files in the archive, bytes of them when unpacked, and how many times more these may be than the archive.
MAX_PARTS = 2000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
_SMALL = 10 * 1024 * 1024

#: Bytes that may be read, as some parts are read twice; of a part that is read as a whole; and of one text in a part.
MAX_READ = 3 * MAX_UNPACKED
MAX_WHOLE_PART = 20 * 1024 * 1024
MAX_TEXT = 1024 * 1024

#: Elements of a part that openpyxl holds at once, and those that it has emptied: rows and shared texts.
MAX_HELD = 100_000
MAX_EMPTIED = 2_000_000
_EMPTIED = {(3, f"{SHEET_MAIN_NS} row"), (2, f"{SHEET_MAIN_NS} si")}

#: Seconds after which reading ends.
READ_TIMEOUT = 45

#: Visible sheets among which that of the customers is looked for, and rows of each that are looked at.
MAX_SHEETS = 50
_LOOKED_AT = 7

#: Rows of a sheet of Excel, and how deep the elements of a part may lie in each other.
_EXCEL_ROWS = 2**20
_MAX_DEPTH = 100

#: Characters of a cell: as many as Excel holds.
MAX_CELL = 32_767

#: What no text holds, and how Excel writes the end of a line within a cell that came from elsewhere.
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|_x000D_")

#: The largest whole number that a workbook holds without rounding it.
_MAX_EXACT = 10**15

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Budget:
    """What is left of the bytes and the time for reading a workbook."""

    def __init__(self) -> None:
        self.left, self.deadline = MAX_READ, time.monotonic() + READ_TIMEOUT

    def spend(self, size: int = 0) -> None:
        self.left -= size
        if self.left < 0:
            raise _too_much()
        if time.monotonic() > self.deadline:
            raise _too_much()


class _Part:
    """
    A file in the archive, counted while openpyxl reads it: its bytes, and the elements that are held at once. One that
    declares entities is refused.
    """

    def __init__(self, file: IO[bytes], budget: _Budget) -> None:
        self._file, self._budget = file, budget
        self._read = self._last_start = self._held = self._emptied = 0
        # For each element that is open, how many were held before it.
        self._open: list[int] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if size >= 0 else MAX_WHOLE_PART + 1)
        self._budget.spend(len(data))
        self._parser.Parse(data, False)
        self._read += len(data)
        if self._read - self._last_start > (MAX_TEXT if size >= 0 else MAX_WHOLE_PART):
            raise _too_much()
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _refuse(self, *declaration: object) -> None:
        raise unreadable(broken_text())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(self._held)
        self._held += 1
        self._last_start = self._parser.CurrentByteIndex
        if self._held > MAX_HELD or len(self._open) > _MAX_DEPTH:
            raise _too_much()

    def _end(self, name: str) -> None:
        depth, held_before = len(self._open), self._open.pop()
        if depth < 4 and (depth, name) in _EMPTIED:
            self._held = held_before
            self._emptied += 1
            if self._emptied > MAX_EMPTIED:
                raise _too_much()


class _Archive(zipfile.ZipFile):
    """The archive of a workbook, whose parts are counted while they are read."""

    def __init__(self, raw: bytes, budget: _Budget) -> None:
        super().__init__(BytesIO(raw))
        self._budget = budget
        parts = self.infolist()
        unpacked = sum(part.file_size for part in parts)
        is_bomb = unpacked > max(_SMALL, MAX_RATIO * len(raw))
        if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or is_bomb:
            raise _too_much()
        if any(part.compress_type not in _COMPRESSIONS or part.flag_bits & 1 for part in parts):
            raise unreadable(broken_text())

    def open(self, name: Any, *arguments: Any, **options: Any) -> Any:
        return _Part(super().open(name), self._budget)


def read_workbook(raw: bytes, rank: Callable[[list[list[str]]], int], most: int = MAX_ROWS + 1) -> tuple[str, str]:
    """
    The text of a CSV file with the rows of a workbook, numbered as there, and the name of their sheet where several
    are filled. It is the first visible sheet whose first rows `rank` highest. Reading ends after `most` filled rows.
    Raises Refusal: unreadable_file, file_too_large, too_many_rows.
    """
    try:
        return _read(raw, rank, most)
    except Refusal:
        raise
    except Exception as error:
        # A broken file makes openpyxl fail in many ways.
        raise unreadable(broken_text()) from error


def _read(raw: bytes, rank: Callable[[list[list[str]]], int], most: int) -> tuple[str, str]:
    budget = _Budget()
    reader = ExcelReader(BytesIO(raw), read_only=True, data_only=True, keep_links=False)
    with _Archive(raw, budget) as archive:
        reader.archive = archive
        reader.read()
        sheets = [sheet for sheet in reader.wb.worksheets if sheet.sheet_state == "visible"][:MAX_SHEETS]
        firsts = [[cells for _number, cells in islice(_rows(sheet, budget), _LOOKED_AT)] for sheet in sheets]
        filled = [place for place, rows in enumerate(firsts) if rows]
        if not filled:
            raise unreadable(_("The workbook is empty."))
        sheet = sheets[max(filled, key=lambda place: rank(firsts[place]))]
        return _csv_text(islice(_rows(sheet, budget), most)), sheet.title if len(filled) > 1 else ""


def _rows(sheet: Any, budget: _Budget) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with its number."""
    # What a sheet says about its size is often wrong.
    sheet.reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number % 1000 == 0:
            budget.spend()
        if number > _EXCEL_ROWS:
            raise _too_much()
        cells = [_text(value) for value in values]
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        if number > MAX_ROWS + 1:
            raise too_many_rows()
        if max(map(len, cells)) > MAX_CELL:
            raise unreadable(_("A cell in row %(row)s holds more text than Excel can.") % {"row": number})
        yield number, cells


def _csv_text(rows: Iterator[tuple[int, list[str]]]) -> str:
    text = StringIO()
    text.write(f"sep={WORKBOOK_SEPARATOR}\r\n")
    writer, written = csv.writer(text, delimiter=WORKBOOK_SEPARATOR), 0
    for number, cells in rows:
        text.write("\r\n" * (number - written - 1))
        writer.writerow(cells)
        written = number
        if text.tell() > MAX_BYTES:
            raise too_large()
    return text.getvalue()


def _text(value: Any) -> str:
    """A cell as a CSV file holds it: whole numbers in all digits, days by ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _UNSEEN.sub("", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime):
        return _time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _number_text(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < _MAX_EXACT else format(value, ".15g")


def _time_text(value: datetime) -> str:
    if not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    return value.isoformat(" ", "seconds" if value.second else "minutes")


def _too_much() -> Refusal:
    return unreadable(
        _("The workbook is too large or too complex to be read. Save the sheet as CSV UTF-8, and import that file.")
    )
