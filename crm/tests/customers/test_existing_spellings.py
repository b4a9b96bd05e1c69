"""What the migration makes of customers that were added before a phone was known by any spelling."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db.migrations import AddField
from django.utils import timezone

from accounts.testing import make_business
from crm.models import Customer

pytestmark = pytest.mark.django_db

migration = import_module("crm.migrations.0017_know_people_by_any_spelling")


def test_of_rows_that_are_one_person_the_first_holds_the_canonical_spelling():
    first, second = make_business(), make_business()
    phones = ["+551190009045", "+5511990009045", "+79161234567", "+525512345678"]
    Customer.objects.bulk_create([Customer(business=first, phone=phone) for phone in phones])
    Customer.objects.bulk_create([Customer(business=second, phone=phones[1])])

    migration.fill_in_canonical_phones(apps, None)

    held = list(Customer.objects.order_by("pk").values_list("canonical_phone", flat=True))
    assert held == ["+5511990009045", "+551190009045", None, "+525512345678", "+5511990009045"]


def test_many_rows_are_filled_in_batches(monkeypatch):
    monkeypatch.setattr(migration, "BATCH", 2)
    business = make_business()
    Customer.objects.bulk_create([Customer(business=business, phone=f"+5511987654{n:03}") for n in range(5)])

    migration.fill_in_canonical_phones(apps, None)

    assert not Customer.objects.filter(canonical_phone=None).exists()


def test_who_opted_out_by_one_spelling_has_by_the_other_too():
    shop, stranger = make_business(), make_business()
    now = timezone.now()
    for business, phone, opted_out_at in [
        (shop, "+551190009045", None),
        (shop, "+5511990009045", now),
        (shop, "+525512345678", None),
        (shop, "+79161234567", None),
        (stranger, "+551190009045", None),
    ]:
        Customer.objects.bulk_create([Customer(business=business, phone=phone, opted_out_at=opted_out_at)])

    migration.fill_in_canonical_phones(apps, None)
    migration.opt_people_out_by_any_spelling(apps, None)

    opted_out = Customer.objects.exclude(opted_out_at=None).values_list("business", "phone", "opted_out_at")
    assert sorted(opted_out) == [(shop.pk, "+551190009045", now), (shop.pk, "+5511990009045", now)]


def test_what_was_cut_off_is_done_again():
    business = make_business()
    phones = ["+551190009045", "+5511990009045"]
    Customer.objects.bulk_create([Customer(business=business, phone=phone) for phone in phones])

    for _time in range(2):
        migration.fill_in_canonical_phones(apps, None)

    held = list(Customer.objects.order_by("pk").values_list("canonical_phone", flat=True))
    assert held == ["+5511990009045", "+551190009045"]


def test_no_table_is_held_while_its_rows_are_changed():
    assert not migration.Migration.atomic
    assert not [it for it in migration.Migration.operations if isinstance(it, AddField)]
