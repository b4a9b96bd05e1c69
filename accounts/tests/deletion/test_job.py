"""Deleting what is large: retired and seen by nobody at once, deleted by a job in many small transactions."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.database import pacing
from accounts.deletion import cascade, deletion, job
from accounts.deletion.cascade import Cascade
from accounts.models import Business, Deletion
from accounts.refusals import Refusal
from accounts.tenancy.scope import scope
from accounts.testing import make_owner
from accounts.tests.deletion.rows import fill_number, rows_of_everything
from bots.models import Bot, BotScenario, BotSession, BotTurn, ScenarioVersion
from broadcasts.models import Broadcast
from crm.models import Conversation, Customer, Deal, MediaFile, Message
from whatsapp.models import WhatsAppNumber

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    """Everything is large, and a transaction holds a few rows."""
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(job, "BATCH", 5)
    monkeypatch.setattr(pacing, "PAUSE", 0)


def expected_after(instance):
    """What every table holds once this and all that hangs on it is gone."""
    going = deletion.preview(instance)
    gone = {model._meta.db_table: set(going.rows(model).values_list("pk", flat=True)) for model in going.foreign_keys}
    return {table: rows - gone.get(table, set()) for table, rows in rows_of_everything().items()}


def without_receipts(rows):
    return {table: pks for table, pks in rows.items() if table != "deletions"}


def test_a_large_number_waits_for_a_job_and_is_seen_by_nobody(owner):
    number = fill_number(owner, "10001")
    asked = deletion.delete(number, requested_by=owner)
    assert (asked.state, asked.total, asked.done) == ("waiting", deletion.preview(number).total, 0)
    for model in (WhatsAppNumber, Conversation, Message, Bot, Broadcast):
        assert not scope(model.objects.all(), owner).exists()
    assert Customer.objects.for_user(owner).count() == 3


def test_a_platform_administrator_does_not_see_it_either(owner, admin_user_of_platform):
    deletion.delete(fill_number(owner, "10001"))
    assert not scope(WhatsAppNumber.objects.all(), admin_user_of_platform).exists()


@pytest.mark.parametrize("model", [BotScenario, ScenarioVersion, BotSession, BotTurn, MediaFile])
def test_nobody_sees_what_hangs_on_it_by_others(owner, model):
    deletion.delete(fill_number(owner, "10001"))
    assert not scope(model.objects.all(), owner).exists()


@pytest.mark.parametrize("model", [Conversation, Message, MediaFile, BotSession, BotTurn, Deal])
def test_of_a_customer_who_is_being_deleted_nobody_sees_anything(owner, model):
    fill_number(owner, "10001")
    deletion.delete(Customer.objects.get(phone="+79160000000"))
    assert scope(model.objects.all(), owner).count() == 2


@pytest.fixture
def admin_user_of_platform(django_user_model):
    return django_user_model.objects.create_superuser("root@example.com", "a-long-password")


def test_its_phone_number_id_is_free_its_secrets_are_forgotten_and_it_sends_nothing(owner):
    number = fill_number(owner, "10001")
    number.access_token = number.app_secret = number.pin = "secret"
    number.save()
    deletion.delete(number)
    number.refresh_from_db()
    assert (number.is_active, number.access_token, number.app_secret, number.pin) == (False, "", "", "")
    fill_number(make_owner(), "10001")


def test_the_job_deletes_exactly_what_was_counted(owner):
    number = fill_number(owner, "10001", customers=9)
    fill_number(owner, "10002", customers=9)
    fill_number(make_owner(), "10003")
    expected = without_receipts(expected_after(number))
    counted = {model._meta.db_table: count for model, count in deletion.preview(number).counts.items()}
    asked = deletion.delete(number, requested_by=owner)
    assert job.advance(asked) is False
    receipt = Deletion.objects.get()
    assert without_receipts(rows_of_everything()) == expected
    assert (receipt.state, receipt.counts, receipt.done, receipt.orphans) == ("done", counted, receipt.total, 0)
    assert (receipt.requested_by, receipt.name) == (owner, "Shop 10001, +7 916 123-45-67")


@pytest.mark.parametrize("customers", [1, 4, 9])
@pytest.mark.parametrize("batch", [1, 2, 5, 40])
def test_the_size_of_a_transaction_changes_nothing(owner, monkeypatch, batch, customers):
    monkeypatch.setattr(job, "BATCH", batch)
    number = fill_number(owner, "10001", customers)
    expected = without_receipts(expected_after(number))
    job.advance(deletion.delete(number))
    assert without_receipts(rows_of_everything()) == expected


def test_no_transaction_is_much_larger_than_a_batch(owner, monkeypatch):
    removed = []
    remove = Cascade.remove

    def noted(cascade):
        counts = remove(cascade)
        removed.append(sum(counts.values()))
        return counts

    monkeypatch.setattr(Cascade, "remove", noted)
    job.advance(deletion.delete(fill_number(owner, "10001", customers=20)))
    assert max(removed) <= job.BATCH
    assert sum(removed) == Deletion.objects.get().total


def test_a_business_goes_by_the_same_job_with_its_people(owner):
    stranger = make_owner()
    fill_number(owner, "10001", customers=9)
    fill_number(stranger, "10002")
    expected = without_receipts(expected_after(owner.business))
    asked = deletion.delete(owner.business, requested_by=owner)
    owner.refresh_from_db()
    assert not owner.is_active and not Business.objects.for_user(stranger).filter(pk=owner.business_id).exists()
    job.advance(asked)
    assert without_receipts(rows_of_everything()) == expected
    receipt = Deletion.objects.get()
    assert (receipt.state, receipt.business, receipt.requested_by_email) == ("done", None, owner.email)


@pytest.mark.parametrize("model", [Customer, Broadcast, Bot])
def test_everything_that_can_be_large_goes_by_the_job(owner, model):
    fill_number(owner, "10001", customers=9)
    row = model.objects.order_by("pk").first()
    expected = without_receipts(expected_after(row))
    asked = deletion.delete(row)
    assert asked.state == "waiting" and not model.objects.for_user(owner).filter(pk=row.pk).exists()
    job.advance(asked)
    assert without_receipts(rows_of_everything()) == expected


def test_a_customer_who_is_being_deleted_may_write_again_as_somebody_new(owner):
    fill_number(owner, "10001")
    customer = Customer.objects.get(phone="+79160000000")
    deletion.delete(customer)
    assert Customer.objects.create(business=owner.business, phone="+79160000000").pk != customer.pk


def test_a_job_that_broke_goes_on_where_it_was(owner, monkeypatch):
    number = fill_number(owner, "10001", customers=9)
    expected = without_receipts(expected_after(number))
    asked = deletion.delete(number)
    remove, calls = Cascade.remove, iter(range(1000))

    def break_now_and_then(cascade):
        removed = remove(cascade)
        if next(calls) % 3 == 2:
            raise DatabaseError("deadlock detected")
        return removed

    monkeypatch.setattr(Cascade, "remove", break_now_and_then)
    for _attempt in range(100):
        job.advance(asked)
        if Deletion.objects.get().state == "done":
            break
        Deletion.objects.update(due_at=timezone.now())
    receipt = Deletion.objects.get()
    assert without_receipts(rows_of_everything()) == expected
    assert (receipt.done, receipt.last_error) == (receipt.total, "")


def test_trouble_is_written_down_and_tried_again_later(owner, monkeypatch):
    asked = deletion.delete(fill_number(owner, "10001"))
    monkeypatch.setattr(Cascade, "remove", lambda cascade: 1 / 0)
    assert job.advance(asked) is False
    asked.refresh_from_db()
    assert "ZeroDivisionError" in asked.last_error and asked.due_at > timezone.now()


def test_only_one_worker_is_at_it(owner):
    asked = deletion.delete(fill_number(owner, "10001"))
    Deletion.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
    assert job.advance(asked) is False
    assert WhatsAppNumber.objects.exists()


def test_a_worker_whose_lease_ran_out_undoes_its_transaction(owner, monkeypatch):
    asked = deletion.delete(fill_number(owner, "10001"))
    remove = Cascade.remove

    def taken_over_meanwhile(cascade):
        Deletion.objects.update(lease_until=timezone.now() + timedelta(minutes=5))
        return remove(cascade)

    monkeypatch.setattr(Cascade, "remove", taken_over_meanwhile)
    before = without_receipts(rows_of_everything())
    assert job.advance(asked) is False
    assert without_receipts(rows_of_everything()) == before


def test_the_check_at_the_end_may_take_longer_than_a_lease(owner, monkeypatch):
    asked = deletion.delete(fill_number(owner, "10001"))
    without_target, leases = cascade._without_target, set()

    def slow(key):
        leases.add(Deletion.objects.get().lease_until)
        return without_target(key)

    monkeypatch.setattr(cascade, "_without_target", slow)
    job.advance(asked)
    assert len(leases) > 10 and Deletion.objects.get().orphans == 0


def test_a_job_gives_others_a_turn(owner):
    asked = deletion.delete(fill_number(owner, "10001", customers=9))
    assert job.advance(asked, seconds=0) is True
    asked.refresh_from_db()
    assert (asked.state, asked.lease_until) == ("running", None) and 0 < asked.done < asked.total


def test_what_came_in_while_the_job_ran_goes_too(owner):
    number = fill_number(owner, "10001", customers=9)
    asked = deletion.delete(number)
    job.advance(asked, seconds=0)
    customer = Customer.objects.first()
    Conversation.objects.filter(customer=customer).delete()
    Conversation.objects.create(business=owner.business, whatsapp_number=number, customer=customer)
    job.advance(asked)
    assert not WhatsAppNumber.objects.exists() and Deletion.objects.get().state == "done"


def test_what_is_small_goes_at_once(owner, monkeypatch):
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 5000)
    assert deletion.delete(fill_number(owner, "10001")).state == "done"
    assert not WhatsAppNumber.objects.exists()


def test_asking_twice_is_one_deletion(owner):
    number = fill_number(owner, "10001")
    assert deletion.delete(number) == deletion.delete(number)
    assert Deletion.objects.count() == 1


def test_what_somebody_else_deleted_meanwhile_is_said(owner):
    number = fill_number(owner, "10001")
    job.advance(deletion.delete(number))
    with pytest.raises(Refusal) as refused:
        deletion.delete(number)
    assert (refused.value.code, refused.value.status) == ("already_deleted", 404)
