import json
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from accounts.testing import make_administrator, make_colleague
from crm.customers import customers
from crm.customers.files import uploads
from crm.customers.files.contents import XLSX_TYPE
from crm.models import ColumnMapping, Customer
from crm.testing import make_customer
from crm.tests.calls import signed_in
from crm.tests.customers.files.workbook_files import workbook

pytestmark = pytest.mark.django_db

IMPORT = "/api/v1/customers/import/"
EXPORT = "/api/v1/customers/export/"


def post_file(api, text, query="", content_type="text/csv"):
    return api.post(IMPORT + query, data=text.encode() if isinstance(text, str) else text, content_type=content_type)


def test_without_apply_nothing_is_changed(api):
    response = post_file(api, "phone;name\n89161234567;Anna\nabc;Ivan\n")

    assert response.status_code == 200
    body = response.json()
    assert (body["created"], body["updated"], [failure["row"] for failure in body["failed"]]) == (1, 0, [3])
    assert "“abc” is not a phone number" in body["failed"][0]["error"]
    assert body.keys() == {"created", "updated", "failed"}
    assert not Customer.objects.exists()


def test_with_apply_customers_are_made_and_updated(api, owner):
    make_customer(owner.business, phone="+79161234567")

    response = post_file(api, "phone;name\n89161234567;Anna\n89161234568;Ivan\n", "?apply=1")

    assert response.json() == {"created": 1, "updated": 1, "failed": []}
    assert set(Customer.objects.values_list("name", flat=True)) == {"Anna", "Ivan"}


@pytest.mark.parametrize("content_type", ["text/csv; charset=windows-1251", "application/x-www-form-urlencoded"])
def test_the_type_that_the_sender_gives_does_not_matter(api, content_type):
    response = post_file(api, "телефон;имя\n89161234567;Анна\n".encode("cp1251"), "?apply=1", content_type)

    assert (response.json()["created"], Customer.objects.get().name) == (1, "Анна")


@pytest.mark.parametrize("text", ["name\nAnna\n", ""])
def test_a_file_that_cannot_be_read_is_a_400(api, text):
    response = post_file(api, text)

    assert (response.status_code, response.json()["code"]) == (400, "unreadable_file")


@pytest.mark.parametrize("query", ["", "?apply=1"])
def test_a_file_that_takes_too_long_for_an_answer_is_refused_with_the_way_out(api, query):
    response = post_file(api, "phone\n" + "89161234567\n" * 2001, query)

    assert (response.status_code, response.json()["code"]) == (413, "too_many_rows")
    assert "2000" in response.json()["detail"] and "200" in response.json()["detail"]
    assert not Customer.objects.exists()


def post_workbook(api, *rows, query="", **sheets):
    return api.post(IMPORT + query, data=workbook(*rows, **sheets), content_type=XLSX_TYPE)


def test_a_workbook_is_imported_whatever_its_type(api):
    rows = [["Телефон", "Имя"], [79161234567, "Анна"], ["abc", "Борис"]]
    assert post_workbook(api, *rows, query="?apply=1").json().keys() == {"created", "updated", "failed"}

    response = api.post(IMPORT, data=workbook(*rows), content_type="application/octet-stream")

    assert (response.json()["updated"], [failure["row"] for failure in response.json()["failed"]]) == (1, [3])
    assert Customer.objects.get().name == "Анна"


def test_the_sheet_that_is_read_is_told_where_there_are_several(api):
    assert post_workbook(api, A=[["x"]], B=[["phone"], [79161234567]]).json()["sheet"] == "B"


def test_a_workbook_of_more_rows_than_are_imported_at_once_is_refused(api):
    response = post_workbook(api, ["phone"], *[[79160000000 + serial] for serial in range(2001)])
    assert (response.status_code, response.json()["code"]) == (413, "too_many_rows")


def test_a_broken_workbook_is_a_400(api):
    response = api.post(IMPORT, data=workbook(["phone"])[:-100], content_type=XLSX_TYPE)
    assert (response.status_code, response.json()["code"]) == (400, "unreadable_file")


UNCLEAR = "Кто;Связь;\nАнна;89161234567;Казань\n"


def columns(**chosen):
    return "?" + urlencode({"apply": "1", "columns": json.dumps(chosen)})


def test_unclear_columns_are_a_400_with_what_is_known_of_them(api):
    response = post_file(api, UNCLEAR, "?apply=1")

    assert (response.status_code, response.json()) == (
        400,
        {
            "detail": "No column is headed “Phone”.",
            "code": "unsure_columns",
            "columns": [
                {"letter": "A", "heading": "Кто", "samples": ["Анна"], "guess": "attributes.Кто"},
                {"letter": "B", "heading": "Связь", "samples": ["89161234567"], "guess": "phone"},
                {"letter": "C", "heading": "", "samples": ["Казань"], "guess": ""},
            ],
        },
    )
    assert not Customer.objects.exists()


def test_a_program_says_what_the_columns_are_by_their_headings_or_letters(api):
    response = post_file(api, UNCLEAR, columns(Связь="phone", C="attributes.Город"))

    assert response.json() == {"created": 1, "updated": 0, "failed": []}
    customer = Customer.objects.get()
    assert (customer.phone, customer.name, customer.attributes) == ("+79161234567", "", {"Город": "Казань"})


def test_a_program_may_say_what_the_columns_of_a_clear_file_are(api):
    post_file(api, "Телефон;Имя;Город\n89161234567;Анна;Казань\n", columns(Телефон="phone", Имя="tags"))

    customer = Customer.objects.get()
    assert (customer.name, customer.attributes, [tag.name for tag in customer.tags.all()]) == ("", {}, ["Анна"])


@pytest.mark.parametrize(
    "chosen", [{}, {"Кто": "name"}, {"Кто": "phone", "B": "phone"}, {"Нет": "phone"}, {"Кто": "telephone"}]
)
def test_columns_that_cannot_be_are_a_400_and_nothing_is_changed(api, chosen):
    response = post_file(api, UNCLEAR, columns(**chosen))

    assert (response.status_code, response.json()["code"]) == (400, "wrong_columns")
    assert not Customer.objects.exists()


@pytest.mark.parametrize("text", ["x", "[]", '{"Кто": 1}', "[" * 5000])
def test_columns_that_are_no_object_are_told_on_their_parameter(api, text):
    response = post_file(api, UNCLEAR, "?" + urlencode({"columns": text}))

    assert (response.status_code, list(response.json())) == (400, ["columns"])


def test_programs_neither_use_nor_change_what_people_chose(api, owner):
    uploaded = uploads.upload(owner, UNCLEAR.encode(), "x.csv")
    uploads.choose_columns(uploaded, ["name", "phone", ""])
    before = list(ColumnMapping.objects.values())

    assert post_file(api, UNCLEAR).json()["code"] == "unsure_columns"
    assert post_file(api, UNCLEAR, columns(Связь="phone")).status_code == 200
    assert list(ColumnMapping.objects.values()) == before


def test_whoever_may_not_import_is_told_nothing_of_the_file(owner):
    assert post_file(APIClient(), UNCLEAR).status_code == 401
    for role in ("owner", "manager", "operator"):
        member = signed_in(make_colleague(owner, role))
        assert post_file(member, UNCLEAR, columns(Связь="phone")).status_code == 200
    assert post_file(signed_in(make_administrator()), UNCLEAR).status_code == 403


@pytest.mark.parametrize("query", ["?apply=yes", "?aply=1", "?tag=vip"])
def test_a_query_that_is_not_understood_changes_nothing(api, query):
    assert post_file(api, "phone\n89161234567\n", query).status_code == 400
    assert not Customer.objects.exists()


def test_operators_may_import_but_not_export(owner):
    operator = signed_in(make_colleague(owner, "operator"))

    assert post_file(operator, "phone\n89161234567\n", "?apply=1").status_code == 200
    assert operator.get(EXPORT).status_code == 403


def test_the_export_is_a_file_of_the_customers_that_the_filters_let_through(api, owner):
    customers.add_tags(make_customer(owner.business, name="Anna"), ["vip"])
    make_customer(owner.business, name="Ivan")

    response = api.get(EXPORT, {"tag": "vip"})

    text = response.getvalue().decode()
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "Anna" in text and "Ivan" not in text
