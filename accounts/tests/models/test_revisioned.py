"""Rows that count their edits."""

import pytest
from django.utils import timezone

from accounts.models import Business, ChangedMeanwhile
from accounts.testing import make_business
from crm.customers import customers
from crm.models import Customer
from crm.testing import make_customer
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def business():
    return make_business()


def stored(row):
    return type(row).objects.get(pk=row.pk)


def test_a_new_row_is_of_the_first_revision(business):
    assert business.revision == stored(business).revision == 1


def test_every_save_of_what_people_edit_is_a_revision(business):
    business.name = "Tea"
    business.save()
    business.save(update_fields=["name"])
    assert business.revision == stored(business).revision == 3


def test_an_instance_that_is_saved_twice_without_its_revision_read_is_counted_twice(business):
    old = stored(business)
    business.save(update_fields=["name"])
    old.save(update_fields=["country"])
    assert stored(business).revision == 3


def test_what_machines_write_is_no_revision():
    number = make_number(make_business())
    number.status = WhatsAppNumber.Status.PROBLEM
    number.save(update_fields=["status", "problem"])
    WhatsAppNumber.objects.filter(pk=number.pk).update(checked_at=timezone.now())
    assert stored(number).revision == 1


def test_an_edit_of_the_expected_revision_is_saved(business):
    business.expect(1)
    business.name = "Tea"
    business.save(update_fields=["name"])
    assert (stored(business).name, stored(business).revision) == ("Tea", 2)


def test_an_edit_of_an_older_revision_changes_nothing(business):
    business.expect(1)
    Business.objects.get().save(update_fields=["country"])
    business.name = "Tea"
    with pytest.raises(ChangedMeanwhile):
        business.save(update_fields=["name"])
    assert stored(business).name != "Tea"
    assert stored(business).revision == 2


def test_what_was_loaded_too_late_is_refused_at_once(business):
    business.save()
    with pytest.raises(ChangedMeanwhile):
        stored(business).expect(1)


def test_only_one_edit_is_one_of_an_expected_revision(business):
    business.expect(1).save()
    business.save()
    assert stored(business).revision == 3


@pytest.mark.parametrize("change", [customers.add_tags, customers.remove_tags, customers.set_tags])
def test_tags_are_a_part_of_a_customer(change):
    customer = make_customer()
    customers.add_tags(customer, ["old"])
    change(customer, {customers.remove_tags: ["old"]}.get(change, ["vip"]))
    assert customer.revision == stored(customer).revision == 3


def test_a_name_that_was_not_known_is_a_revision_and_a_user_id_is_none():
    customer = make_customer(name="")
    customers.update(customer, whatsapp_user_id="RU.1")
    assert stored(customer).revision == 1
    customers.update(customer, name="Anna")
    assert Customer.objects.get().revision == 2
