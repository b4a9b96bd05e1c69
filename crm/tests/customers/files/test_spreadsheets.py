import pytest
from django.utils import translation

from accounts.refusals import Refusal
from crm.customers.files import spreadsheets


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


TEXT = "Телефон;Имя\r\n89161234567;Анна\r\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "  =1+1", "+1", "-1", "@x", "|x", "\t=1", "\rx", "\nx", "＝1+1", "\u3000=1", "'=1", "''+1"]
)
def test_no_cell_is_taken_for_a_formula_and_every_cell_is_restored(text):
    assert spreadsheets.escape_cell(text) == f"'{text}"
    assert spreadsheets.unescape_cell(f"'{text}") == text


@pytest.mark.parametrize("text", ["", " ", "1-1", "a=b", "привет", "'x", "'", " '=1"])
def test_other_cells_stay_as_they_are(text):
    assert spreadsheets.escape_cell(text) == text
    assert spreadsheets.unescape_cell(text) == text


@pytest.mark.parametrize("text", ["phone;name\r\n89161234567;анна\r\n", "phone\r\n1\r\n", "Имя\r\nЁЖ №1 «Я»\r\n"])
def test_what_windows_wrote_is_read_as_that(text):
    assert spreadsheets.decode(text.encode("cp1251")) == text


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1251", "cp866", "mac_cyrillic", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_files_of_any_usual_encoding_are_read(encoding):
    assert spreadsheets.decode(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"PK\x03\x04 and so on", "it is broken"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0", "not a text file"),
        (b"phone\n\x98\xff\x02\n", "not a text file"),
        (b"phone\n" + b" " * 2000 + b"\0", "not a text file"),
    ],
)
def test_what_is_no_csv_file_is_refused_in_words(raw, told):
    with pytest.raises(Refusal, match=told) as refusal:
        spreadsheets.decode(raw)
    assert refusal.value.code == "unreadable_file"


def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(Refusal, match="20 MB"):
        spreadsheets.decode(b" " * (spreadsheets.MAX_BYTES + 1))


def test_rows_are_numbered_as_a_spreadsheet_numbers_them():
    rows = list(spreadsheets.read_rows('a;b\n\n"two\nlines";x\n;\nlast;y\n', ";"))

    assert rows == [(1, ["a", "b"]), (3, ["two\nlines", "x"]), (5, ["last", "y"])]


def test_a_quotation_mark_that_is_never_closed_is_named():
    with pytest.raises(Refusal, match="after row 2"):
        list(spreadsheets.read_rows('a\nb\n"' + "c\n" * 100_000, ";"))


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "mac_cyrillic"])
@pytest.mark.parametrize("name", ["Анна", "Мария Иванова", "Пётр Петров"])
def test_the_encoding_of_a_file_with_one_name_is_recognised(encoding, name):
    text = f"phone;name\n+79161234567;{name}\n"
    assert spreadsheets.decode(text.encode(encoding)) == text


def test_a_file_that_reads_equally_well_in_two_encodings_is_refused():
    with pytest.raises(Refusal, match="CSV UTF-8"):
        spreadsheets.decode("phone;name\n+79161234567;Ия\n".encode("cp866"))
