from unittest.mock import patch

import pytest
from django.utils import timezone, translation

from accounts.database import pacing
from accounts.refusals import Refusal
from accounts.testing import make_business
from crm.customers import customers
from crm.customers.files import file_import, spreadsheets
from crm.customers.files.file_format import CustomerFile, Failure
from crm.customers.files.file_import import import_customers
from crm.models import Customer, Tag
from crm.testing import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def business():
    return make_business()


def run(business, text, apply=True):
    return import_customers(business, CustomerFile(text, business.country), apply)


def tags_of(customer):
    return sorted(tag.name for tag in customer.tags.all())


def test_customers_are_made_with_all_that_the_file_says(business):
    outcome = run(business, "Телефон;Имя;Теги;Отписан;Город\n8 (916) 123-45-67;Анна;vip, new;да;Казань\n")

    customer = Customer.objects.get()
    assert (outcome.created, outcome.failed) == (1, [])
    assert (customer.business, customer.phone, customer.name) == (business, "+79161234567", "Анна")
    assert (tags_of(customer), customer.opted_out, customer.attributes) == (["new", "vip"], True, {"Город": "Казань"})


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_columns_are_told_apart_by_semicolons_commas_or_tabs(business, delimiter):
    run(
        business,
        delimiter.join(["name", "phone", "a;b,c"]).replace("a;b,c", '"a;b,c"')
        + "\n"
        + delimiter.join(["Anna", "89161234567", "x"]),
    )

    assert Customer.objects.get().attributes == {"a;b,c": "x"}


def test_headings_are_known_in_both_languages_and_in_any_case(business):
    run(business, "ИМЯ,PHONE,Opted_out,теги\nAnna,89161234567,yes,vip\n")

    customer = Customer.objects.get()
    assert (customer.name, customer.opted_out, tags_of(customer), customer.attributes) == ("Anna", True, ["vip"], {})


def test_phones_without_a_country_code_are_of_the_country_of_the_business(business):
    business.country = "DE"

    run(business, "phone\n030 901820\n+7 916 123-45-67\n")

    assert set(Customer.objects.values_list("phone", flat=True)) == {"+4930901820", "+79161234567"}


def test_a_customer_made_by_an_import_is_found_by_name_and_phone(business):
    run(business, "phone;name\n89161234567;Алёна\n")

    assert Customer.objects.get().search_text == "алена +79161234567"


def test_a_known_customer_is_brought_up_to_date(business):
    customer = make_customer(business, phone="+79161234567", name="Anna", attributes={"age": 30, "city": "Kazan"})
    customers.add_tags(customer, ["old"])

    outcome = run(business, "phone;name;tags;city;age\n89161234567;Anna Petrova;new;Omsk;\n")

    customer.refresh_from_db()
    assert (outcome.created, outcome.updated, outcome.changed) == (0, 1, 1)
    assert (customer.name, customer.search_text) == ("Anna Petrova", "anna petrova +79161234567")
    assert (customer.attributes, tags_of(customer)) == ({"age": 30, "city": "Omsk"}, ["new", "old"])


def test_empty_cells_leave_what_is_known(business):
    customer = make_customer(business, name="Anna", opted_out_at=timezone.now(), attributes={"city": "Kazan"})

    outcome = run(business, f"phone;name;opted_out;city\n{customer.phone};;;\n")

    customer.refresh_from_db()
    assert (customer.name, customer.opted_out, customer.attributes) == ("Anna", True, {"city": "Kazan"})
    assert (outcome.updated, outcome.changed) == (1, 0)


def test_a_value_that_was_not_touched_keeps_its_type(business):
    customer = make_customer(business, attributes={"age": 30, "sizes": ["S", "M"]})

    run(business, f'phone;age;sizes\n{customer.phone};30;"[""S"", ""M""]"\n')

    customer.refresh_from_db()
    assert customer.attributes == {"age": 30, "sizes": ["S", "M"]}


def test_only_an_explicit_no_opts_in_again_and_is_counted(business):
    customer = make_customer(business, opted_out_at=timezone.now())

    outcome = run(business, f"phone;opted_out\n{customer.phone};нет\n")

    customer.refresh_from_db()
    assert (customer.opted_out, outcome.opted_in) == (False, 1)


def test_an_opt_out_keeps_its_time(business):
    then = timezone.now() - timezone.timedelta(days=9)
    customer = make_customer(business, opted_out_at=then)

    run(business, f"phone;opted_out\n{customer.phone};1\n")

    customer.refresh_from_db()
    assert customer.opted_out_at == then


def test_what_is_wrong_with_a_row_is_said_and_the_others_are_imported(business):
    outcome = run(
        business,
        "phone;name;tags;opted_out\n"
        "abc;Anna;;maybe\n"
        "\n"
        f"89161234567;{'x' * 201};;\n"
        f"89161234567;Ivan;{'t' * 51};\n"
        ";Oleg;;\n"
        "89161234567;Vera;;;extra\n"
        "89161234567;Good;;\n",
    )

    assert [failure.row for failure in outcome.failed] == [2, 4, 5, 6, 7]
    first, name, tag, phone, extra = [failure.error for failure in outcome.failed]
    assert first == (
        "“abc” is not a phone number. Write it with the country code, for example +79161234567. "
        "“maybe” is neither yes nor no."
    )
    assert "200 characters" in name
    assert "50 characters" in tag
    assert phone == "A customer needs a phone."
    assert extra == "“extra” is in a column without a heading."
    assert Customer.objects.get().name == "Good"


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        ("79161234567.0", "+79161234567"),
        ("79161234567,00", "+79161234567"),
        ("+8 916 123-45-67", "+79161234567"),
        ("8(916)123-45-67 (Anna)", "+79161234567"),
        ("тел. 8 916 123-45-67", "+79161234567"),
        ("89161234567, +7 916 123-45-67", "+79161234567"),
    ],
)
def test_a_phone_is_read_as_tables_hold_it(business, cell, phone):
    run(business, f'phone\n"{cell}"\n')
    assert Customer.objects.get().phone == phone


@pytest.mark.parametrize(
    "cell", ["89161234567;89031234567", "+79161234567, +79031234567", "89161234567 ::: 89031234567"]
)
def test_two_phones_in_a_cell_are_told(business, cell):
    [failure] = run(business, f'phone\n"{cell}"\n').failed
    assert failure.row == 2
    assert "two phones" in failure.error


@pytest.mark.parametrize("cell", ["7000023", "112", "none", "8 916 123"])
def test_what_is_no_phone_of_whatsapp_is_told(business, cell):
    [failure] = run(business, f"phone\n{cell}\n").failed
    assert "not a phone number" in failure.error


@pytest.mark.parametrize(
    "text",
    [
        'Телефон;Имя\r\n89160000040;"Анна\r\n89160000041;Борис\r\n89160000042;Вера\r\n',
        'Имя;Телефон\r\n"Анна;89160000040\r\nБорис;89160000041\r\n"Вера";89160000042\r\n',
        'Телефон;Имя\r\n"89160000040;Анна\r\n89160000041;Борис\r\n',
        'Телефон;Имя\r89160000040;"Анна\r89160000041;Борис\r',
    ],
)
def test_a_quotation_mark_that_is_never_closed_is_told_by_its_row(business, text):
    file = CustomerFile(text, business.country)
    with pytest.raises(Refusal, match="In row 2 a quotation mark"):
        file.count_rows()


@pytest.mark.parametrize("note", ["к 12:00\nзвонить; потом писать", 'размер "M"', "+7 903 000-00-00\nжена", "a\n\nb"])
def test_a_cell_of_several_lines_is_one_cell(business, note):
    run(business, 'Телефон;Имя;Заметка\n89161234567;Анна;"{}"\n'.format(note.replace('"', '""')))
    assert Customer.objects.get().attributes == {"Заметка": note}


def test_the_line_that_tells_excel_the_separator_is_no_row(business):
    assert run(business, "sep=|\r\nТелефон|Имя\r\n89161234567|Анна\r\n").created == 1


@pytest.mark.parametrize("line", ["sep=", 'sep="', "sep=x", "sep=;;;x"])
def test_another_line_in_the_place_of_the_separator_is_a_title(business, line):
    assert run(business, f"{line}\r\nТелефон;Имя\r\n89161234567;Анна\r\n").created == 1


def test_the_first_row_with_a_phone_is_that_of_the_headings(business):
    outcome = run(business, "Телефон\n89161234567\nТелефон;Имя;Метки\n")
    assert (outcome.created, [failure.row for failure in outcome.failed]) == (1, [3])


def test_headings_may_stand_below_a_title(business):
    outcome = run(business, "Клиенты на 1 декабря\n\nТелефон;Имя\n89161234567;Анна\nnone;Борис\n")
    assert Customer.objects.get().name == "Анна"
    assert [failure.row for failure in outcome.failed] == [5]


@pytest.mark.parametrize(
    "headings", ["Номер телефона;ФИО", "Phone 1 - Value;First Name", "Моб. телефон;Клиент", "\u200bТелефон:;Имя\u200b"]
)
def test_headings_of_other_programs_are_known(business, headings):
    run(business, f"{headings}\n89161234567;Анна\n")
    customer = Customer.objects.get()
    assert (customer.phone, customer.name, customer.attributes) == ("+79161234567", "Анна", {})


def test_a_heading_of_our_own_goes_before_one_of_another_program(business):
    run(business, "Мобильный телефон;Телефон;Клиент;Имя\n2;89161234567;постоянный;Анна\n")
    customer = Customer.objects.get()
    assert customer.name == "Анна"
    assert customer.attributes == {"Мобильный телефон": "2", "Клиент": "постоянный"}


def test_a_phone_that_excel_has_shortened_is_told_as_such(business):
    [failure] = run(business, "phone\n7,91612E+10\n").failed

    assert "Excel has shortened" in failure.error


def test_of_a_customer_named_twice_the_first_row_counts(business):
    outcome = run(business, "phone;name\n89161234567;Anna\n+7 916 123 45 67;Ivan\n")

    assert Customer.objects.get().name == "Anna"
    assert outcome.failed == [Failure(3, "Row 2 is about the same customer.")]


def test_people_without_a_phone_are_found_by_their_whatsapp_user_id(business):
    customer = make_customer(business, phone=None, whatsapp_user_id="RU.123")

    outcome = run(business, "phone;WhatsApp user ID;name\n;RU.123;Anna\n;RU.456;Ivan\n")

    customer.refresh_from_db()
    assert (customer.name, [failure.row for failure in outcome.failed]) == ("Anna", [3])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column “Phone”"),
        ("name;city\nAnna;Kazan\n", "no column “Phone”"),
        ("phone;телефон\n1;2\n", "two columns “Phone”"),
        ("phone;city;city\n1;2;3\n", "two columns “city”"),
    ],
)
def test_a_file_that_says_nothing_clear_is_refused_as_a_whole(business, text, told):
    with pytest.raises(Refusal, match=told):
        run(business, text)


def test_a_file_with_too_many_rows_is_refused_before_anything_is_done(business):
    with patch.object(spreadsheets, "MAX_ROWS", 2), pytest.raises(Refusal, match="200,000 rows"):
        run(business, "phone\n89161234567\n89161234568\n89161234569\n")

    assert not Customer.objects.exists()


def test_a_dry_run_says_what_applying_does_and_changes_nothing(business):
    make_customer(business, phone="+79161234567", opted_out_at=timezone.now())
    text = "phone;name;tags;opted_out\n89161234567;Anna;vip;no\n89161234568;Ivan;vip;\nabc;;;\n"
    before = list(Customer.objects.values())

    tried = run(business, text, apply=False)

    assert (list(Customer.objects.values()), Tag.objects.count()) == (before, 0)
    assert tried == run(business, text)
    assert (tried.created, tried.updated, tried.changed, tried.opted_in, len(tried.failed)) == (1, 1, 1, 1, 1)


def test_applying_twice_changes_nothing(business):
    text = "phone;name;tags;opted_out;city\n89161234567;Anna;vip;yes;Kazan\n89161234568;Ivan;;;\n"
    run(business, text)
    before = list(Customer.objects.values()), list(Customer.tags.through.objects.values())

    outcome = run(business, text)

    assert (list(Customer.objects.values()), list(Customer.tags.through.objects.values())) == before
    assert (outcome.created, outcome.updated, outcome.changed) == (0, 2, 0)


def test_customers_of_another_business_with_the_same_phones_stay_theirs(business):
    theirs = make_customer(phone="+79161234567", name="Theirs")

    run(business, "phone;name;tags\n89161234567;Ours;vip\n")

    theirs.refresh_from_db()
    assert (theirs.name, tags_of(theirs)) == ("Theirs", [])
    assert Customer.objects.get(business=business).name == "Ours"


def test_labels_of_google_contacts_are_tags_but_for_the_one_that_all_have(business):
    outcome = run(
        business,
        "First Name,Last Name,Phone 1 - Label,Phone 1 - Value,Labels\n"
        "Anna,P,Mobile,+79161234567,vip ::: * myContacts\n"
        "Ivan,K,Mobile,+79161234568,* myContacts\n",
    )

    assert outcome.created == 2
    assert [(tags_of(customer), customer.attributes) for customer in Customer.objects.order_by("phone")] == [
        (["vip"], {"Last Name": "P", "Phone 1 - Label": "Mobile"}),
        ([], {"Last Name": "K", "Phone 1 - Label": "Mobile"}),
    ]


def test_tags_of_a_file_are_one_whatever_their_case(business):
    customers.add_tags(make_customer(business, phone="+79161234567"), ["ВИП"])
    text = "phone;tags\n89161234567;вип\n89161234568;Вип, новый\n89161234569;НОВЫЙ\n"

    outcome = run(business, text)

    assert (outcome.failed, outcome.changed) == ([], 0)
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["ВИП", "новый"]
    assert [tags_of(customer) for customer in Customer.objects.order_by("phone")] == [
        ["ВИП"],
        ["ВИП", "новый"],
        ["новый"],
    ]


def test_a_tag_in_which_nothing_is_to_be_seen_fails_its_row(business):
    outcome = run(business, 'phone;tags\n89161234567;"\u200b"\n89161234568;vip\n')
    assert [failure.row for failure in outcome.failed] == [2]
    assert [tag.name for tag in Tag.objects.all()] == ["vip"]


def test_the_number_of_queries_does_not_grow_with_the_rows_of_a_batch(business, django_assert_max_num_queries):
    for serial in range(20):
        make_customer(business, phone=f"+7916000{serial:04}")
    text = "phone;name;tags\n" + "".join(f"7916000{serial:04};Anna {serial};vip\n" for serial in range(40))

    with django_assert_max_num_queries(12):
        outcome = run(business, text)

    assert (outcome.created, outcome.updated) == (20, 20)


def test_a_large_file_is_imported_batch_by_batch(business):
    with patch.object(file_import, "BATCH", 10), patch.object(pacing, "PAUSE", 0):
        outcome = run(business, "phone\n" + "".join(f"7916000{serial:04}\n" for serial in range(35)))

    assert (outcome.created, Customer.objects.count()) == (35, 35)


def test_a_batch_that_meets_somebody_elses_is_tried_again(business):
    find_known, calls = file_import.Batch._find_known, []

    def somebody_is_faster(batch, rows, locked):
        find_known(batch, rows, locked)
        calls.append(rows)
        if len(calls) == 1:
            make_customer(business, phone="+79161234567")

    with patch.object(file_import.Batch, "_find_known", somebody_is_faster):
        outcome = run(business, "phone;name\n89161234567;Anna\n")

    assert (len(calls), outcome.created, Customer.objects.get().name) == (2, 1, "Anna")


def test_as_many_rows_as_go_at_once_are_imported_and_more_are_refused(business):
    with patch.object(file_import, "MAX_API_ROWS", 2):
        assert run(business, "phone\n89161234567\n\n89161234568\n").created == 2
        with pytest.raises(Refusal, match="at most 2 rows") as refused:
            run(business, "phone\n89161234569\n89161234570\n89161234571\n")

    assert (refused.value.code, Customer.objects.count()) == ("too_many_rows", 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("phone;tags\n89161234567;" + ",".join(f"t{serial}" for serial in range(31)) + "\n", "more than 30 tags"),
        ("phone\n89161234567" + ";x" * 3 + "\n", "“x” is in a column without a heading."),
    ],
)
def test_a_row_of_too_much_is_left_out_with_one_reason(business, text, told):
    outcome = run(business, text)

    assert [failure.error.count(told) for failure in outcome.failed] == [1]


def test_a_file_of_too_many_columns_is_refused(business):
    with pytest.raises(Refusal, match="more than 200 columns"):
        run(business, "phone;" + ";".join(f"c{serial}" for serial in range(200)) + "\n")


def test_columns_that_a_spreadsheet_adds_at_the_end_do_not_count(business):
    assert run(business, "phone" + ";" * 300 + "\n89161234567" + ";" * 300 + "\n").created == 1


@pytest.mark.parametrize(("cells", "revision"), [("Anna;vip", 2), (";vip", 2), ("Olga;", 2), (";", 1), ("Anna;", 1)])
def test_a_file_that_changes_a_customer_counts_as_an_edit(business, cells, revision):
    make_customer(business, phone="+79161234567", name="Anna")
    run(business, f"phone;name;tags\n+79161234567;{cells}\n")
    assert Customer.objects.get().revision == revision
