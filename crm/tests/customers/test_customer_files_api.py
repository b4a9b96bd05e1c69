import pytest

from accounts.testing import make_colleague
from crm.customers import customers
from crm.models import Customer
from crm.testing import make_customer
from crm.tests.calls import signed_in

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
