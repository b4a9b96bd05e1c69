"""Deleting by the action of a list, however many are chosen."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.deletion import admin as deletion_admin
from accounts.deletion import deletion
from accounts.models import Deletion, User
from accounts.refusals import Refusal
from accounts.tests.html_forms import filled_form
from crm.models import Conversation, Customer, Deal, DealStage, Message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/customer/"


def make_customers(owner: User, count: int, name: str = "D") -> None:
    Customer.objects.bulk_create(
        Customer(business=owner.business, name=f"{name}{serial}", phone=f"+7916{serial:07}") for serial in range(count)
    )
    for customer in Customer.objects.all():
        customer.save()


def conversations_of(owner: User, count: int) -> list[Conversation]:
    number, business = make_number(owner.business), owner.business
    make_customers(owner, count)
    return [
        Conversation.objects.create(business=business, whatsapp_number=number, customer=customer)
        for customer in Customer.objects.order_by("pk")
    ]


def make_messages(conversation: Conversation, count: int) -> None:
    said = {"direction": "in", "origin": "customer", "type": "text", "status": "received"}
    where = {"business": conversation.business, "whatsapp_number": conversation.whatsapp_number}
    Message.objects.bulk_create(Message(conversation=conversation, **where, **said) for _serial in range(count))


def choose_all(signed_in: Client) -> Any:
    first = Customer.objects.order_by("pk").first().pk
    return signed_in.post(
        LIST, {"action": "delete_selected", "_selected_action": first, "select_across": "1", "index": "0"}
    )


def test_more_rows_than_django_reads_fields_are_deleted_as_the_page_said(
    signed_in: Client, owner: User, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 20
    make_customers(owner, 30)
    page = choose_all(signed_in)
    Customer.objects.create(business=owner.business, name="Later", phone="+79150000000")

    answer = signed_in.post(LIST, {**filled_form(page), "post": "yes"})

    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert [customer.name for customer in Customer.objects.all()] == ["Later"]


def test_the_cost_of_many_does_not_grow_with_them(signed_in: Client, owner: User) -> None:
    """All that go together go in one transaction: one by one it took 45 s of processor time for 1,100."""
    make_customers(owner, 5)
    with CaptureQueriesContext(connection) as few:
        signed_in.post(LIST, {**filled_form(choose_all(signed_in)), "post": "yes"})
    # As many receipts as SQLite takes in one INSERT.
    make_customers(owner, 40)
    with CaptureQueriesContext(connection) as many:
        signed_in.post(LIST, {**filled_form(choose_all(signed_in)), "post": "yes"})

    assert not Customer.objects.exists()
    assert len(many) <= len(few)


def test_each_of_many_has_the_receipt_that_it_would_have_alone(owner: User) -> None:
    first, second = conversations_of(owner, 2)
    make_messages(first, 3)
    make_messages(second, 1)

    receipts = deletion.delete_all([first.customer, second.customer], owner)

    assert [receipt.counts for receipt in receipts] == [
        {"messages": 3, "conversations": 1, "customers": 1},
        {"messages": 1, "conversations": 1, "customers": 1},
    ]
    assert {(receipt.state, receipt.requested_by, receipt.orphans) for receipt in receipts} == {("done", owner, 0)}
    assert list(Deletion.objects.order_by("pk").values_list("done", "total")) == [(5, 5), (3, 3)]


def test_of_many_the_large_one_is_left_to_a_job_and_the_others_go_at_once(owner: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 5)
    conversations = conversations_of(owner, 4)
    make_messages(conversations[1], 6)

    receipts = deletion.delete_all([conversation.customer for conversation in conversations], owner)

    assert [receipt.state for receipt in receipts] == ["done", "waiting", "done", "done"]


def test_of_many_the_one_that_is_still_needed_is_refused_and_stays(owner: User) -> None:
    new, offer, *_others = stages = list(DealStage.objects.for_business(owner.business))
    customer = Customer.objects.create(business=owner.business, name="Anna", phone="+79160000000")
    Deal.objects.create(business=owner.business, customer=customer, title="Tea", stage=offer)

    with pytest.raises(Refusal, match="Tea"):
        deletion.delete_all(stages, owner)

    assert not DealStage.objects.filter(pk=new.pk).exists()
    assert DealStage.objects.filter(pk=offer.pk).exists()


def test_of_many_one_that_is_gone_meanwhile_is_refused(owner: User) -> None:
    make_customers(owner, 2)
    first, second = Customer.objects.order_by("pk")
    Customer.objects.filter(pk=second.pk).delete()

    with pytest.raises(Refusal) as refused:
        deletion.delete_all([first, second], owner)

    assert refused.value.code == "already_deleted"
    assert not Customer.objects.exists()


def test_too_many_are_refused_with_what_to_do(signed_in: Client, owner: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(deletion_admin, "MAX_DELETED_AT_ONCE", 3)
    make_customers(owner, 4)

    answer = choose_all(signed_in)

    page = signed_in.get(answer["Location"])
    assert "at most 3 rows" in page.content.decode()
    assert Customer.objects.count() == 4
