import zipfile
from datetime import date, datetime, time
from io import BytesIO
from unittest.mock import patch

import pytest
from django.utils import translation
from openpyxl import Workbook
from openpyxl.xml.functions import fromstring

from accounts.refusals import Refusal
from accounts.testing import make_business
from crm.customers.files import spreadsheets, workbooks
from crm.customers.files.contents import read_contents
from crm.customers.files.file_format import CustomerFile, Failure, Row
from crm.customers.files.file_import import import_customers
from crm.models import Customer
from crm.tests.customers.files.workbook_files import (
    NAMESPACE,
    SHEET,
    saved,
    sheet_of,
    with_part,
    with_shared_texts,
    workbook,
)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def rows(raw):
    return list(CustomerFile(read_contents(raw, "RU").text, "RU").rows())


def cell(value):
    """What a cell below the heading “x” says."""
    [row] = rows(workbook(["Телефон", "x"], [79161234567, value]))
    return row.attributes.get("x", "")


def refusal(raw):
    with pytest.raises(Refusal) as refused:
        read_contents(raw, "RU")
    return refused.value


@pytest.mark.django_db
def test_a_workbook_says_the_same_as_the_equal_csv_file():
    table = [
        ["Клиенты", "", "", "", ""],
        ["", "", "", "", ""],
        ["Телефон", "Имя", "Метки", "Отписан", "Город, область"],
        ["8 916 123-45-67", 'Анна "Аня"', 'vip, "a, b"', "да", "Казань; центр"],
        ["", "", "", "", ""],
        ["abc", "Борис", "", "", ""],
        ["+7 916 123-45-68", "=1+1", "", "нет", "две\nстроки"],
        ["89161234567", "Снова Анна", "", "", ""],
    ]
    plain = "".join(";".join('"{}"'.format(text.replace('"', '""')) for text in row) + "\r\n" for row in table)
    book = Workbook()
    for number, row in enumerate(table, start=1):
        for place, text in enumerate(row, start=1):
            if text:
                book.active.cell(number, place).value = text
                book.active.cell(number, place).data_type = "s"

    def outcome(raw):
        business = make_business()
        text = read_contents(raw, "RU").text
        done = import_customers(business, CustomerFile(text, "RU"), apply=True)
        facts = Customer.objects.filter(business=business).order_by("phone")
        tags = [sorted(customer.tags.values_list("name", flat=True)) for customer in facts]
        return done, list(facts.values_list("phone", "name", "attributes")), tags

    assert outcome(saved(book)) == outcome(plain.encode())
    assert [failure.row for failure in outcome(saved(book))[0].failed] == [6, 8]


@pytest.mark.parametrize("value", [79161234567, 79161234567.0, "79161234567", "+7 916 123-45-67", "8(916)1234567"])
def test_a_phone_is_read_whatever_kind_its_cell_is_of(value):
    assert rows(workbook(["Телефон"], [value])) == [Row(2, phone="+79161234567")]


def test_a_phone_in_scientific_notation_is_exact():
    raw = sheet_of(
        '<sheetData><row r="1"><c r="A1" t="str"><v>Телефон</v></c></row>'
        '<row r="2"><c r="A2"><v>7.9161234567E10</v></c></row></sheetData>'
    )
    assert rows(raw) == [Row(2, phone="+79161234567")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 12, 1), "2026-12-01"),
        (datetime(2026, 12, 1), "2026-12-01"),
        (datetime(2026, 12, 1, 14, 30), "2026-12-01 14:30"),
        (time(9, 15), "09:15:00"),
        (True, "true"),
        (False, "false"),
        (1500, "1500"),
        (0.1 + 0.2, "0.3"),
        (-12.5, "-12.5"),
        ("0012", "0012"),
        ("#N/A", ""),
        (" ", ""),
        ("a_x000D_\nb", "a\nb"),
    ],
)
def test_a_cell_is_read_as_what_it_means(value, text):
    assert cell(value) == text


def test_a_formula_is_what_excel_last_computed_and_without_that_nothing():
    head = '<row r="1"><c r="A1" t="str"><v>Телефон</v></c><c r="B1" t="str"><v>x</v></c></row>'
    phone = '<c r="A{0}" t="str"><f>B1</f><v>89161234{0}67</v></c>'
    second = f'<row r="5">{phone.format(5)}<c r="B5"><f>1+1</f><v>2</v></c></row>'
    third = f'<row r="6">{phone.format(6)}<c r="B6"><f>1+1</f></c></row>'
    fourth = f'<row r="7">{phone.format(7)}<c r="B7" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'

    found = rows(sheet_of(f"<sheetData>{head}{second}{third}{fourth}</sheetData>"))

    assert [(row.row, row.attributes) for row in found] == [(5, {"x": "2"}), (6, {}), (7, {})]


def test_rows_are_numbered_as_excel_shows_them_hidden_ones_too():
    book = Workbook()
    book.active["A1"], book.active["A3"], book.active["A9"] = "Телефон", "abc", 79161234567
    book.active.row_dimensions[3].hidden = True

    found = rows(saved(book))

    assert [row.row for row in found] == [3, 9]
    assert isinstance(found[0], Failure)


def test_a_merged_title_stands_above_the_headings():
    book = Workbook()
    book.active.append(["Наши клиенты", None])
    book.active.append(["Телефон", "Имя"])
    book.active.append([79161234567, "Анна"])
    book.active.merge_cells("A1:B1")

    assert rows(saved(book)) == [Row(3, phone="+79161234567", name="Анна")]


def test_two_phones_on_two_lines_of_a_cell_are_told():
    [failure] = rows(workbook(["Телефон"], ["89161234567\n89031234567"]))
    assert "two phones" in failure.error


def test_the_first_visible_sheet_with_customers_is_read_and_named():
    book = Workbook()
    book.active.title = "Отчёт"
    book.active.append(["Итого", 5])
    hidden = book.create_sheet("Старое")
    hidden.append(["Телефон"])
    hidden.sheet_state = "hidden"
    for title, phone in (("Клиенты", 79161234567), ("Ещё", 79161234568)):
        sheet = book.create_sheet(title)
        sheet.append(["Телефон"])
        sheet.append([phone])

    contents = read_contents(saved(book), "RU")

    assert contents.sheet == "Клиенты"
    assert "79161234567" in contents.text and "79161234568" not in contents.text


def test_the_only_sheet_with_something_in_it_is_not_named():
    assert read_contents(workbook(A=[], B=[["Телефон"], [79161234567]]), "RU").sheet == ""


def test_an_empty_workbook_is_refused():
    assert "empty" in str(refusal(workbook()))


def test_what_a_sheet_says_of_its_size_is_not_believed():
    raw = sheet_of(
        '<dimension ref="A1"/><sheetData><row><c t="str"><v>Телефон</v></c><c t="str"><v>Имя</v></c></row>'
        '<row><c t="str"><v>89161234567</v></c><c t="str"><v>Анна</v></c></row></sheetData>'
    )
    assert rows(raw) == [Row(2, phone="+79161234567", name="Анна")]


def test_a_cell_of_more_text_than_excel_holds_is_told_by_its_row():
    text = f'<row r="2"><c r="A2" t="str"><v>{"x" * 32_768}</v></c></row>'
    assert "row 2" in str(refusal(sheet_of(f"<sheetData>{text}</sheetData>")))


def test_rows_that_only_look_filled_do_not_count():
    style = "".join(f'<row r="{number}"><c r="A{number}" s="0"/></row>' for number in range(3, 30))
    phone = '<row r="2"><c r="A2"><v>79161234567</v></c></row>'
    with patch.object(workbooks, "MAX_ROWS", 5), patch.object(spreadsheets, "MAX_ROWS", 5):
        found = rows(sheet_of(f'<sheetData><row r="1"><c t="str"><v>Телефон</v></c></row>{phone}{style}</sheetData>'))
    assert len(found) == 1


def test_too_many_rows_are_refused():
    with patch.object(workbooks, "MAX_ROWS", 5):
        refused = refusal(workbook(["Телефон"], *[[79161234567]] * 6))
    assert (refused.code, refused.status) == ("too_many_rows", 413)


# --- Files made to harm ----------------------------------------------------------------------------------


def filler():
    """A file that does not shrink, so that the archive is large enough for what else is in it."""
    return bytes(((number * 2_654_435_761) >> 13) & 255 for number in range(300_000))


def padded(raw):
    return with_part(raw, "xl/media/image1.png", filler())


@pytest.mark.parametrize(
    "inside",
    [
        "<sheetData>" + " " * 12_000_000 + "</sheetData>",
        "<sheetData><row>" + "<c/>" * 200_000 + "</row></sheetData>",
        "<sheetData><row>" + "<c/><c/><row/>" * 70_000 + "</row></sheetData>",
        "<sheetData><other:row xmlns:other='x'/>" + "<x:row xmlns:x='x'/>" * 110_000 + "</sheetData>",
        "<x>" + "<y/>" * 200_000 + "</x>",
        "<a>" * 200 + "</a>" * 200,
        '<sheetData><row><c t="inlineStr"><is><t>' + "a" * 3_000_000 + "</t></is></c></row></sheetData>",
        f'<sheetData><row a="{"a" * 3_000_000}"/></sheetData>',
        '<sheetData><row r="1"><c t="str"><v>x</v></c></row><row r="99999999999"><c><v>1</v></c></row></sheetData>',
    ],
    ids=["ratio", "cells", "nested rows", "foreign rows", "unknown", "deep", "text", "attribute", "far row"],
)
def test_a_sheet_that_would_fill_the_memory_is_refused(inside):
    refused = refusal(padded(sheet_of(inside)) if len(inside) < 10_000_000 else sheet_of(inside))
    assert refused.code == "unreadable_file"
    assert "too complex" in str(refused)


def test_styles_that_would_fill_the_memory_are_refused():
    raw = with_part(
        workbook(["Телефон"]), "xl/styles.xml", f"<styleSheet {NAMESPACE}>{'<xf/>' * 200_000}</styleSheet>"
    )
    assert "too complex" in str(refusal(padded(raw)))


def test_texts_that_excel_keeps_apart_are_read():
    texts = f"<sst {NAMESPACE}><si><t>Телефон</t></si><si><r><t>+7 916 </t></r><r><t>1234567</t></r></si></sst>"
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
    assert rows(with_shared_texts(f"<sheetData>{cells}</sheetData>", texts)) == [Row(2, phone="+79161234567")]


@pytest.mark.parametrize(
    "texts", [f"<sst {NAMESPACE}>{'<x/>' * 200_000}</sst>", f"<sst {NAMESPACE}><si>{'<r/>' * 200_000}</si></sst>"]
)
def test_texts_that_would_fill_the_memory_are_refused(texts):
    assert "too complex" in str(refusal(padded(with_shared_texts("<sheetData/>", texts))))


def test_entities_in_texts_are_not_expanded():
    texts = f'<!DOCTYPE x [<!ENTITY a "Телефон">]><sst {NAMESPACE}><si><t>&a;</t></si></sst>'
    assert refusal(with_shared_texts("<sheetData/>", texts)).code == "unreadable_file"


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_not_expanded(part):
    raw = workbook(["Телефон"], ["Анна"])
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        xml = archive.read(part).decode()
    head, tail = xml.split("?>", 1) if xml.startswith("<?xml") else ("", xml)
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    bomb = f"{head}{'?>' if head else ''}{entities}{tail}"
    assert refusal(with_part(raw, part, bomb)).code == "unreadable_file"


def test_openpyxl_itself_refuses_entities():
    with pytest.raises(ValueError, match="Entities"):
        fromstring('<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>')


def test_sizes_that_lie_do_not_make_more_of_a_file():
    raw = bytearray(sheet_of("<sheetData>" + "<row><c/></row>" * 200_000 + "</sheetData>"))
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        true_size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    lie = (1000).to_bytes(4, "little")

    assert refusal(bytes(raw).replace(true_size, lie)).code == "unreadable_file"


def test_reading_ends_after_some_seconds():
    with patch.object(workbooks, "READ_TIMEOUT", -1):
        assert "too complex" in str(refusal(workbook(["Телефон"], [79161234567])))


def test_a_sheet_of_more_text_than_a_csv_file_may_have_is_refused():
    raw = workbook(["Телефон", "x"], *[[79161234567, "x" * 1000]] * 30)
    with patch.object(workbooks, "MAX_BYTES", 20_000):
        assert refusal(raw).code == "file_too_large"


# --- Other files -----------------------------------------------------------------------------------------


def archive(*names):
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name in names:
            new.writestr(name, "<x/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (archive("[Content_Types].xml", "xl/workbook.bin"), "old kind"),
        (archive("mimetype", "content.xml"), "another program"),
        (archive("Index/Document.iwa"), "another program"),
        (archive("customers.csv"), "archive or a document"),
        (archive("[Content_Types].xml", "word/document.xml"), "archive or a document"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "is broken"),
        (workbook(["Телефон"])[:-200], "is broken"),
        (b"%PDF-1.7\n", "archive or a document"),
        (b"\xef\xbb\xbf\r\n<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "contact cards"),
    ],
)
def test_other_files_are_refused_with_what_to_do(raw, told):
    refused = refusal(raw)
    assert refused.code == "unreadable_file"
    assert told in str(refused)


def test_a_broken_sheet_is_told():
    assert "broken" in str(refusal(sheet_of("<sheetData><row")))
