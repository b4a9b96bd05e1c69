"""Deleting by the action of a list, however many are chosen."""

from typing import Any

import pytest
from django.test import Client

from accounts.deletion import admin as deletion_admin
from accounts.models import User
from accounts.testing import make_owner
from crm.models import Customer

from .html_forms import filled_form

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/customer/"


@pytest.fixture
def owner() -> User:
    return make_owner(language="en")


@pytest.fixture
def browser(owner: User, client: Client) -> Client:
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client


def make_customers(owner: User, count: int, name: str = "D") -> None:
    Customer.objects.bulk_create(
        Customer(business=owner.business, name=f"{name}{serial}", phone=f"+7916{serial:07}") for serial in range(count)
    )
    for customer in Customer.objects.all():
        customer.save()


def choose_all(browser: Client) -> Any:
    first = Customer.objects.order_by("pk").first().pk
    return browser.post(
        LIST, {"action": "delete_selected", "_selected_action": first, "select_across": "1", "index": "0"}
    )


def test_more_rows_than_django_reads_fields_are_deleted_as_the_page_said(
    browser: Client, owner: User, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 20
    make_customers(owner, 30)
    page = choose_all(browser)
    Customer.objects.create(business=owner.business, name="Later", phone="+79150000000")

    answer = browser.post(LIST, {**filled_form(page), "post": "yes"})

    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert [customer.name for customer in Customer.objects.all()] == ["Later"]


def test_too_many_are_refused_with_what_to_do(browser: Client, owner: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(deletion_admin, "MAX_DELETED_AT_ONCE", 3)
    make_customers(owner, 4)

    answer = choose_all(browser)

    page = browser.get(answer["Location"])
    assert "at most 3 rows" in page.content.decode()
    assert Customer.objects.count() == 4
