"""Writing to a customer from their page, who may never have written."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.testing import make_colleague, make_owner
from crm.deals import deals
from crm.models import Conversation, Customer
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return make_colleague(make_owner())


@pytest.fixture
def customer(operator: User) -> Customer:
    return make_customer(operator.business)


@pytest.fixture
def page(client: Client, operator: User) -> Client:
    client.force_login(operator, backend="accounts.people.roles.RoleBackend")
    return client


def address(customer: Customer) -> str:
    return reverse("admin:crm_customer_write", args=[customer.pk])


def test_the_page_of_a_customer_leads_there(page: Any, customer: Customer) -> None:
    assert address(customer) in page.get(reverse("admin:crm_customer_change", args=[customer.pk])).text


def test_so_does_the_page_of_a_deal(page: Any, customer: Customer) -> None:
    deal = deals.create_deal(customer, "A cake")
    assert address(customer) in page.get(reverse("admin:crm_deal_change", args=[deal.pk])).text


def test_whoever_has_a_conversation_is_written_to_there(page: Any, customer: Customer) -> None:
    conversation = make_conversation(make_number(customer.business), customer)
    answer = page.get(address(customer))
    assert answer["Location"] == reverse("admin:crm_inbox_conversation", args=[conversation.pk])


def test_for_anybody_else_a_number_is_chosen_and_a_conversation_begun(page: Any, customer: Customer) -> None:
    number = make_number(customer.business)
    assert f'value="{number.pk}"' in page.get(address(customer)).text
    assert not Conversation.objects.exists()
    answer = page.post(address(customer), {"number": number.pk})
    begun = Conversation.objects.get()
    assert (begun.customer, begun.whatsapp_number) == (customer, number)
    assert answer["Location"] == reverse("admin:crm_inbox_conversation", args=[begun.pk])


@pytest.mark.parametrize("asked", ["", "x", "9" * 30, "another's", "off"])
def test_no_other_number_is_taken(page: Any, customer: Customer, asked: str) -> None:
    numbers = {"another's": make_number(make_owner().business), "off": make_number(customer.business, is_active=False)}
    chosen = numbers[asked].pk if asked in numbers else asked
    assert page.post(address(customer), {"number": chosen}).status_code == 404
    assert not Conversation.objects.exists()


def test_without_a_number_the_page_says_what_to_do(page: Any, customer: Customer) -> None:
    assert "Ask the owner to connect one" in page.get(address(customer), headers={"accept-language": "en"}).text


def test_another_businesss_customer_is_not_there(page: Any) -> None:
    assert page.get(address(make_customer(make_owner().business))).status_code in (302, 404)
