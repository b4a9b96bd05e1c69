from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.refusals import Refusal
from crm.customers import customers
from crm.models import Customer
from crm.testing import make_customer
from crm.tests.calls import path, post

pytestmark = pytest.mark.django_db


def test_a_customer_is_made_with_tags_attributes_and_opt_out(api, owner):
    data = {
        "phone": "8 916 123-45-67",
        "name": "Anna",
        "tags": ["vip", "new"],
        "attributes": {"city": "Kazan", "age": 30},
        "opted_out": True,
    }

    response = post(api, path("customers"), data)

    assert response.status_code == 201
    body = response.json()
    assert {**body, "tags": sorted(body["tags"])} | {"id": 0, "revision": 0, "created_at": ""} == {
        "id": 0,
        "phone": "+79161234567",
        "whatsapp_user_id": None,
        "username": "",
        "name": "Anna",
        "tags": ["new", "vip"],
        "attributes": {"city": "Kazan", "age": 30},
        "opted_out": True,
        "ad": None,
        "revision": 0,
        "created_at": "",
    }
    assert Customer.objects.get().business == owner.business


def test_a_customer_is_changed_in_part(api, owner):
    customer = make_customer(owner.business, name="Anna")
    customers.add_tags(customer, ["vip"])

    response = api.patch(path("customers", customer.pk), {"tags": ["new"], "opted_out": True}, format="json")

    assert response.status_code == 200
    customer.refresh_from_db()
    assert (customer.name, customer.opted_out, [tag.name for tag in customer.tags.all()]) == ("Anna", True, ["new"])


def test_a_customer_is_opted_in_again(api, owner):
    customer = make_customer(owner.business, opted_out_at=timezone.now())

    api.patch(path("customers", customer.pk), {"opted_out": False}, format="json")

    customer.refresh_from_db()
    assert not customer.opted_out


@pytest.mark.parametrize("phone", ["8 916 123-45-67", "+79161234567"])
def test_a_phone_that_a_customer_has_already_is_refused_on_its_field(api, owner, phone):
    make_customer(owner.business, phone="+79161234567")

    response = post(api, path("customers"), {"phone": phone})

    assert response.status_code == 400
    assert "phone" in response.json()


@pytest.mark.parametrize(
    "data, field",
    [
        ({"phone": "12"}, "phone"),
        ({"phone": "+79161234567", "tags": [""]}, "tags"),
        ({"phone": "+79161234567", "attributes": "words"}, "attributes"),
        ({"phone": "+79161234567", "nickname": "A"}, "nickname"),
        ({"name": "Anna"}, "non_field_errors"),
    ],
)
def test_an_impossible_customer_is_refused_on_the_field(api, data, field):
    response = post(api, path("customers"), data)

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert not Customer.objects.exists()


def test_customers_are_found_by_tag_and_by_search(api, owner):
    anna = make_customer(owner.business, name="Анна Фёдорова", phone="+79161234567")
    customers.add_tags(anna, ["vip"])
    make_customer(owner.business, name="Пётр")

    for query in ({"tag": "vip"}, {"search": "федоров"}, {"search": "8 916 1234567"}):
        found = api.get(path("customers"), query).json()
        assert [row["id"] for row in found["results"]] == [anna.pk], query


def test_the_queries_of_the_customers_do_not_grow_with_the_rows(api, owner, django_assert_num_queries):
    for _serial in range(3):
        customers.add_tags(make_customer(owner.business), ["vip", "new"])

    # the user's and the role's permissions, count, customers, tags
    with django_assert_num_queries(5):
        api.get(path("customers"))


def test_a_customer_whose_tags_are_refused_is_not_kept(api, owner):
    with patch("crm.customers.customers.set_tags", side_effect=Refusal("no_tags", "Not these.")):
        answer = post(api, path("customers"), {"phone": "+79161234567", "tags": ["vip"]})
    assert (answer.status_code, Customer.objects.count()) == (409, 0)


def test_the_ad_of_a_customer_is_read_and_never_written(api, owner):
    ad = {"headline": "Tea", "body": None, "url": "https://fb.me/1", "id": "1", "click_id": None}
    customer = make_customer(owner.business, ad=ad)

    response = api.patch(path("customers", customer.pk), {"ad": None, "name": "Anna"}, format="json")

    customer.refresh_from_db()
    assert customer.ad == ad
    assert api.get(path("customers", customer.pk)).json()["ad"] == ad
    assert response.status_code in (200, 400)
