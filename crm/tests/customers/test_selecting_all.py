"""An action on all rows of a list that is too long to be counted."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from accounts.tenancy import admin_pagination
from accounts.testing import make_owner
from crm.admin.customer import CustomerAdmin
from crm.models import Customer
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

LIST = reverse("admin:crm_customer_changelist")


@pytest.fixture
def page(client, monkeypatch):
    """Of a business with ten customers, two on a page, counted in steps of four; another business has one."""
    monkeypatch.setattr(CustomerAdmin, "list_per_page", 2)
    monkeypatch.setattr(admin_pagination, "STEP", 4)
    owner = make_owner(language="en")
    for serial in range(10):
        make_customer(owner.business, name="Anna" if serial % 2 else "Boris")
    make_customer(make_owner().business, name="Anna")
    client.force_login(owner)
    return client


def test_all_can_be_selected_though_nobody_knows_how_many_they_are(page):
    html = page.get(LIST).text
    assert "Select all, on every page" in html and "Select all 4" not in html
    assert "more than 4 results" in html


def test_a_list_counted_to_its_end_says_how_many(page):
    html = page.get(LIST, {"q": "nobody"}).text
    assert "0 results" in html


def test_an_action_on_all_reaches_what_was_not_counted_within_the_search_alone(page):
    chosen = Customer.objects.filter(name="Anna").first().pk
    answers = {"action": "opt_out", "select_across": "1", ACTION_CHECKBOX_NAME: [chosen]}
    for address in (f"{LIST}?q=anna", f"{LIST}?q=anna&p=before-"):
        Customer.objects.update(opted_out_at=None)
        page.post(address, answers)
        assert Customer.objects.filter(opted_out_at=None).count() == 6
