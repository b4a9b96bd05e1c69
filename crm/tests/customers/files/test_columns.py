import pytest
from django.utils import translation

from accounts.refusals import Refusal
from crm.customers.files.file_format import CustomerFile, Row
from crm.customers.files.table import Table, letter


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def table(text):
    return Table(text, "RU")


def doubts(text, *known_attributes):
    return table(text).doubts(known_attributes.__contains__)


def guesses(text):
    return [column.guess for column in table(text).described()]


@pytest.mark.parametrize(
    "text",
    [
        "Телефон;Имя\n89161234567;Анна\n",
        "Телефон;Имя;Фамилия;Отчество\n89161234567;Анна;Петрова;Ивановна\n",
        "Телефон;Телефон жены;Рабочий телефон\n89161234567;89161234568;89161234569\n",
        "phone;company name;product name;city\n89161234567;Roga;Tea;Kazan\n",
        "Номер телефона;ФИО;Дата рождения;Сумма покупок\n89161234567;Анна;01.02.1990;100\n",
        "First Name;Last Name;Phone 1 - Value;Phone 2 - Value\nAnna;Petrova;89161234567;\n",
        "First Name,Last Name,Phone 1 - Label,Phone 1 - Value,Labels\nAnna,P,Mobile,89161234567,* myContacts\n",
        "First Name,E-mail 1 - Label,Phone 1 - Label,Phone 1 - Value\nAnna,* Home,Mobile,89161234567\n",
        "First Name,Last Name,Mobile Phone,Home Phone,Business Fax\nAnna,P,89161234567,,84951234567\n",
        "Клиент;Мобильный;Комментарий\nАнна;89161234567;звонить после 6\n",
        "WhatsApp user ID;Name\nRU.123;Anna\n",
        "Наши клиенты\n\nТелефон;Имя\n89161234567;Анна\n",
        "Телефон;Отписался\n89161234567;\n",
    ],
)
def test_a_file_that_says_what_its_columns_are_raises_no_question(text):
    assert doubts(text) == []


@pytest.mark.parametrize(
    ("text", "told", "guessed"),
    [
        # Google: three phones.
        (
            "First Name,Phone 1 - Value,Phone 2 - Value,Phone 3 - Value\nAnna,89161234567,89161234568,89161234569\n",
            "More than one column may be “Phone”: “Phone 1 - Value”, “Phone 2 - Value”, “Phone 3 - Value”.",
            ["name", "phone", "attributes.Phone 2 - Value", "attributes.Phone 3 - Value"],
        ),
        # Outlook.
        (
            "First Name,Mobile Phone,Business Phone\nAnna,89161234567,84951234567\n",
            "More than one column may be “Phone”: “Mobile Phone”, “Business Phone”.",
            ["name", "phone", "attributes.Business Phone"],
        ),
        # amoCRM, Bitrix24.
        (
            "Контакт;ФИО;Рабочий телефон;Мобильный телефон\nАнна;Анна П;89161234567;89161234568\n",
            "More than one column may be “Phone”: “Рабочий телефон”, “Мобильный телефон”."
            " More than one column may be “Name”: “Контакт”, “ФИО”.",
            ["attributes.Контакт", "name", "attributes.Рабочий телефон", "phone"],
        ),
        # A number that is none of a phone.
        (
            "Номер;Сотовый\n17;89161234567\n",
            "More than one column may be “Phone”: “Номер”, “Сотовый”.",
            ["attributes.Номер", "phone"],
        ),
        # Headings that nobody knows.
        (
            "Покупатель;Как связаться;Город\nАнна;89161234567;Казань\n",
            "No column is headed “Phone”.",
            ["name", "phone", "attributes.Город"],
        ),
        ("Имя;Телефн\nАнна;89161234567\n", "No column is headed “Phone”.", ["name", "phone"]),
        # No headings at all.
        ("89161234567;Анна;Казань\n89161234568;Борис;Омск\n", "No column is headed “Phone”.", ["phone", "name", ""]),
        ("Анна,+7 916 123-45-67\nБорис,+7 916 123-45-68\n", "No column is headed “Phone”.", ["name", "phone"]),
        # Names that are nearly ours.
        (
            "Телефон;Имя покупателя;Отписался\n89161234567;Анна;да\n",
            "The column “Имя покупателя” may be “Name”. The column “Отписался” may be “Opted out”.",
            ["phone", "name", "opted_out"],
        ),
        (
            "phone;unsubscribed\n89161234567;yes\n",
            "The column “unsubscribed” may be “Opted out”.",
            ["phone", "opted_out"],
        ),
        ("phone;labels\n89161234567;vip\n", "The column “labels” may be “Tags”.", ["phone", "tags"]),
        # The same heading twice.
        ("phone;city;city\n89161234567;a;b\n", "There are two columns “city”.", ["phone", "attributes.city", ""]),
        ("phone;телефон\n89161234567;89161234568\n", "There are two columns “Phone”.", ["phone", ""]),
    ],
)
def test_what_is_unclear_about_columns_is_told_with_a_guess(text, told, guessed):
    assert " ".join(doubts(text)) == told
    assert guesses(text) == guessed


def test_an_attribute_that_the_business_has_is_no_slip():
    text = "phone;labels;Имя покупателя\n89161234567;vip;Анна\n"
    assert doubts(text, "labels") == ["The column “Имя покупателя” may be “Name”."]


def test_a_table_without_any_phone_is_refused():
    with pytest.raises(Refusal, match="no column “Phone”"):
        CustomerFile("Имя;Дата;ИНН\nАнна;01.12.2026;77\n", "RU")


def test_unknown_headings_below_a_title_are_found():
    found = table("Выгрузка;;\n\nКто;Контакты;Город\nАнна;89161234567;Казань\n")

    assert found.heading_row == 3
    assert [column.heading for column in found.described()] == ["Кто", "Контакты", "Город"]


def test_people_are_shown_three_values_of_each_column():
    text = "phone;x\n" + "".join(f"8916123456{number};{number}\n" for number in range(5))
    assert table(text).described()[1].samples == ("0", "1", "2")


def test_a_column_without_a_heading_is_shown_if_it_has_values():
    described = table("phone;;;\n89161234567;;Анна;\n").described()
    assert [(column.letter, column.heading, column.samples) for column in described] == [
        ("A", "phone", ("89161234567",)),
        ("B", "", ()),
        ("C", "", ("Анна",)),
    ]


@pytest.mark.parametrize(("place", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_a_spreadsheet_names_them(place, name):
    assert letter(place) == name


def test_what_is_chosen_is_read_whatever_the_headings_say():
    columns = ["name", "phone", "", "attributes.Город"]
    file = CustomerFile("Телефон;Имя;Код;Где\nАнна;89161234567;7;Казань\n", "RU", columns=columns)

    assert list(file.rows()) == [Row(2, phone="+79161234567", name="Анна", attributes={"Город": "Казань"})]


def test_the_first_row_of_a_file_without_headings_is_a_customer():
    file = CustomerFile("Анна;89161234567\nБорис;89161234568\n", "RU", columns=["name", "phone"])
    assert [row.row for row in file.rows()] == [1, 2]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["name", ""], "Say which column is “Phone”"),
        (["phone", "phone"], "“Phone” is chosen for two columns"),
        (["phone", "attributes.x", "attributes.x"], "“x” is chosen for two columns"),
    ],
)
def test_a_choice_without_a_phone_or_with_the_same_twice_is_refused(columns, told):
    with pytest.raises(Refusal, match=told) as refused:
        CustomerFile("a;b;c\n89161234567;x;y\n", "RU", columns=columns)
    assert refused.value.code == "wrong_columns"
