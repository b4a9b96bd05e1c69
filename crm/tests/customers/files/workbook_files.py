"""Workbooks for tests: made by openpyxl as people have them, or with a part of one's own as an attacker has them."""

import zipfile
from io import BytesIO

from openpyxl import Workbook

SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(*rows, **sheets):
    """The bytes of an .xlsx with a sheet of these rows, or with these sheets."""
    book = Workbook()
    book.remove(book.active)
    for title, cells in sheets.items() if sheets else [("Sheet", rows)]:
        sheet = book.create_sheet(title)
        for row in cells:
            sheet.append(row)
    return saved(book)


def saved(book):
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(raw, name, content):
    """The archive with another content of one file."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return file.getvalue()


def sheet_of(inside):
    """A sheet that is written by hand, in a workbook."""
    return with_part(workbook(["Телефон"]), SHEET, f"<worksheet {NAMESPACE}>{inside}</worksheet>")


def with_shared_texts(inside, texts):
    """A workbook as Excel writes it, with its texts in a part of their own."""
    raw = sheet_of(inside)
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        types = archive.read("[Content_Types].xml").decode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    raw = with_part(raw, "[Content_Types].xml", types.replace("</Types>", override))
    return with_part(raw, "xl/sharedStrings.xml", texts)
