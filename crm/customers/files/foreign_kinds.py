"""Files that are no table of ours, known by their contents, and what their owners can do."""

import re
import zipfile
from io import BytesIO

from django.utils.translation import gettext as _

#: How files begin that Excel wrote before 2007, or with a password.
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_PASSWORD = "EncryptedPackage".encode("utf-16-le")

#: How a zip archive begins, which every .xlsx is, and the parts of a workbook in it; the binary kind is .xlsb.
_ZIP = b"PK\x03\x04"
_WORKBOOK_PART = re.compile("xl/.")
_BINARY = "xl/workbook.bin"

#: How other archives and documents begin: an empty zip, gzip, RAR, 7z, PDF, RTF.
_OTHERS = (b"PK\x05\x06", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"%PDF-", b"{\\rtf")

#: Tables that programs write as pages or XML and name .xls.
_PAGES = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")


def foreign_kind_text(raw: bytes) -> str:
    """What to do with a file that cannot be imported as it is; empty for one that may be a text."""
    start = raw[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if raw.startswith(_OLD_EXCEL):
        return _password_text() if _PASSWORD in raw else _old_excel_text()
    if raw.startswith(_ZIP):
        return _archive_text(raw)
    if raw.startswith(_OTHERS):
        return _other_text()
    if start.startswith(_PAGES):
        return _(
            "This is a web page, whatever its name says. Open it in Excel, choose Save as → Excel workbook (.xlsx) or"
            " CSV UTF-8, and import that file."
        )
    if start.startswith(b"begin:vcard"):
        return _("These are contact cards. Export the contacts as CSV, and import that file.")
    return ""


def is_workbook(raw: bytes) -> bool:
    """Whether these are the bytes of an .xlsx, whatever the file is named."""
    names = _names_in_archive(raw) if raw.startswith(_ZIP) else set()
    return "[Content_Types].xml" in names and any(map(_WORKBOOK_PART.match, names)) and _BINARY not in names


def _archive_text(raw: bytes) -> str:
    names = _names_in_archive(raw)
    if not names:
        return broken_text()
    if _BINARY in names:
        return _old_excel_text()
    if "content.xml" in names or any(name.endswith(".iwa") or name == "Index.zip" for name in names):
        return _(
            "This is a table of another program (.ods, .numbers). Save or export it there as an Excel workbook (.xlsx)"
            " or CSV, and import that file."
        )
    return _other_text()


def _names_in_archive(raw: bytes) -> set[str]:
    """The files in an archive; none in a broken one."""
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            return set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return set()


def broken_text() -> str:
    return _("The workbook cannot be opened: it is broken. Open it in Excel, save it again, and import that file.")


def _password_text() -> str:
    return _("The workbook has a password. Save it without one, and import that file.")


def _old_excel_text() -> str:
    return _(
        "This is a workbook of an old kind (.xls, .xlsb). In Excel choose Save as → Excel workbook (.xlsx) or CSV"
        " UTF-8, and import that file."
    )


def _other_text() -> str:
    return _(
        "This is no table, but an archive or a document. Save the table as an Excel workbook (.xlsx) or CSV UTF-8,"
        " and import that file."
    )
