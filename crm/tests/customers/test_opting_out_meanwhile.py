"""A customer who opts out while somebody edits their row stays opted out."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_owner
from crm.api.serializers import CustomerSerializer
from crm.models import Customer
from crm.testing import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def customer(owner):
    return make_customer(owner.business, phone="+79161234567", name="Anna")


def test_an_old_page_does_not_opt_in(client, owner, customer):
    client.force_login(owner)
    page = reverse("admin:crm_customer_change", args=[customer.pk])
    assert 'name="initial-opted_out"' in client.get(page).content.decode()
    Customer.objects.update(opted_out_at=timezone.now())
    as_it_was_shown = {"name": "Anna S.", "phone": "+79161234567", "attributes": "", "initial-opted_out": "False"}
    assert client.post(page, as_it_was_shown).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.opted_out) == ("Anna S.", True)


def test_a_page_may_opt_in_whom_it_showed_as_opted_out(client, owner, customer):
    client.force_login(owner)
    Customer.objects.update(opted_out_at=timezone.now())
    page = reverse("admin:crm_customer_change", args=[customer.pk])
    client.post(page, {"name": "Anna", "phone": "+79161234567", "attributes": "", "initial-opted_out": "True"})
    customer.refresh_from_db()
    assert not customer.opted_out


def test_a_change_by_api_writes_only_what_it_says(customer):
    Customer.objects.update(opted_out_at=timezone.now())
    CustomerSerializer().update(customer, {"name": "Anna S."})
    customer.refresh_from_db()
    assert (customer.name, customer.opted_out) == ("Anna S.", True)
