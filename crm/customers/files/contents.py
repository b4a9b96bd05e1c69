"""What is in a file that somebody imports, whichever of the kinds that are taken it is."""

from dataclasses import dataclass
from functools import partial

from . import table
from .foreign_kinds import is_workbook
from .spreadsheets import MAX_BYTES, MAX_ROWS, decode, too_large

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Contents:
    """The text of a CSV file, or of a workbook as one, and the sheet that was read where several are filled."""

    text: str
    sheet: str = ""


def read_contents(raw: bytes, country: str, most: int = MAX_ROWS) -> Contents:
    """
    The contents of a CSV file or an .xlsx, told apart by their bytes; of a workbook at most a few rows more than
    `most`. Raises Refusal: unreadable_file, file_too_large, too_many_rows.
    """
    if len(raw) > MAX_BYTES:
        raise too_large()
    if not is_workbook(raw):
        return Contents(decode(raw))
    # It imports openpyxl, which is large.
    from .workbooks import read_workbook

    above = table.MAX_TITLE_ROWS + 1
    return Contents(*read_workbook(raw, partial(table.rank_rows, country=country), most + above + 1))
