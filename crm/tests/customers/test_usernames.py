"""The WhatsApp username of a customer is kept and shown."""

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.testing import make_business
from crm.conversations import recording
from crm.customers.files.file_export import download_customers
from crm.customers.files.file_format import CustomerFile
from crm.customers.files.file_import import import_customers
from crm.customers.search import matching
from crm.models import Customer
from crm.testing import make_change, make_conversation, make_customer, make_inbound
from crm.tests.calls import path, post
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def nameless(business, **fields):
    return make_customer(business, **{"phone": None, "whatsapp_user_id": "NL.1", "username": "noor.writes", **fields})


def receive(number, username, **fields):
    recording.record(number, make_change(make_inbound("+79161234567", username=username, **fields)))
    return Customer.objects.get()


def test_the_username_of_who_writes_is_kept():
    assert receive(make_number(make_business()), "noor.writes").username == "noor.writes"


def test_a_username_that_changes_is_brought_up_to_date():
    number = make_number(make_business())
    receive(number, "noor.writes")

    customer = receive(number, "noor.reads")

    assert (customer.username, customer.search_text) == ("noor.reads", "anna +79161234567 @noor.reads")


def test_a_message_without_username_leaves_the_known_one():
    number = make_number(make_business())
    receive(number, "noor.writes")

    assert receive(number, "").username == "noor.writes"


def test_the_same_username_costs_no_statement(django_assert_num_queries):
    number = make_number(make_business())
    receive(number, "noor.writes")

    with django_assert_num_queries(7):
        recording.record(number, make_change(make_inbound("+79161234567", username="noor.writes")))


@pytest.mark.parametrize(
    ("fields", "called"),
    [
        ({"name": "Noor"}, "Noor"),
        ({}, "@noor.writes"),
        ({"phone": "+79161234567"}, "@noor.writes"),
        ({"username": ""}, "NL.1"),
        ({"username": "", "phone": "+79161234567"}, "+7 916 123-45-67"),
    ],
)
def test_a_customer_is_called_by_name_username_phone_or_user_id(fields, called):
    assert str(nameless(make_business(), **fields)) == called


@pytest.mark.parametrize("text", ["@noor.writes", "noor", "WRITES"])
def test_a_customer_is_found_by_the_username(text):
    customer = nameless(make_business())
    make_customer(customer.business, name="Anna")

    assert matching(Customer.objects.all(), text, "RU").get() == customer


def test_the_api_shows_it_and_lets_nobody_write_it(api, owner):
    customer = nameless(owner.business)

    body = api.get(path("customers", customer.pk)).json()
    api.patch(path("customers", customer.pk), {"username": "other", "whatsapp_user_id": "NL.2"}, format="json")
    post(api, path("customers"), {"phone": "+79161234567", "username": "other"})

    assert (body["username"], body["whatsapp_user_id"]) == ("noor.writes", "NL.1")
    assert list(Customer.objects.exclude(username="").values_list("username", "whatsapp_user_id")) == [
        ("noor.writes", "NL.1")
    ]


def test_the_pages_show_it(client, owner):
    conversation = make_conversation(make_number(owner.business), nameless(owner.business, name="Noor"))
    client.force_login(owner)

    for name, pk in [("customer", conversation.customer_id), ("conversation", conversation.pk)]:
        assert "@noor.writes" in client.get(reverse(f"admin:crm_{name}_change", args=[pk])).text
    assert "@noor.writes" in client.get(reverse("admin:crm_customer_changelist")).text


def test_the_page_of_a_customer_without_one_has_no_empty_line_for_it(client, owner):
    client.force_login(owner)

    page = client.get(reverse("admin:crm_customer_change", args=[make_customer(owner.business).pk])).text

    assert "WhatsApp username" not in page
    assert "WhatsApp user ID" not in page


def test_a_file_holds_it_and_an_import_leaves_the_known_one():
    customer = nameless(make_business())
    with translation.override("en"):
        raw = b"".join(download_customers(Customer.objects.all()).streaming_content).decode("utf-8-sig")
    Customer.objects.update(username="noor.reads")

    outcome = import_customers(customer.business, CustomerFile(raw, "RU"), apply=True)

    customer.refresh_from_db()
    assert "noor.writes" in raw
    assert (outcome.updated, outcome.changed, outcome.failed) == (1, 0, [])
    assert (customer.username, customer.attributes) == ("noor.reads", {})
