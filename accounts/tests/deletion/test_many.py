"""Deleting by the action of a list, however many are chosen."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.deletion import admin as deletion_admin
from accounts.deletion import deletion, job, selections
from accounts.models import Deletion, Role, SelectedRow, Selection, User
from accounts.refusals import Refusal
from accounts.tasks import delete_expired
from accounts.testing import make_colleague, make_owner, work_off
from accounts.tests.html_forms import filled_form
from crm.models import Conversation, Customer, Deal, DealStage, Message
from whatsapp.models import WhatsAppNumber
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


# Very many: written down, and left to a job


@pytest.fixture
def very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows are more than a request deletes."""
    monkeypatch.setattr(deletion_admin, "MAX_DELETED_AT_ONCE", 3)


def confirmed(signed_in: Client, page: Any) -> Any:
    return signed_in.post(LIST, {**filled_form(page), "post": "yes"})


def test_very_many_are_deleted_by_a_job_as_the_page_said(signed_in: Client, owner: User, very_many: None) -> None:
    make_customers(owner, 30)
    page = choose_all(signed_in)
    assert "Customers: 30" in page.content.decode()
    assert len(filled_form(page)) < 8
    Customer.objects.create(business=owner.business, name="D later", phone="+79150000000")

    answer = confirmed(signed_in, page)

    asked = Deletion.objects.get()
    assert answer["Location"] == f"/admin/accounts/deletion/{asked.pk}/change/"
    assert (asked.name, asked.total, asked.business) == ("Customers: 30", 30, owner.business)
    assert "You may leave this page" in signed_in.get(answer["Location"]).content.decode()
    work_off(job.JOB)
    assert [customer.name for customer in Customer.objects.all()] == ["D later"]
    receipt = Deletion.objects.get()
    assert (receipt.state, receipt.counts, receipt.orphans) == ("done", {"customers": 30}, 0)
    assert not Selection.objects.exists() and not SelectedRow.objects.exists()


def test_until_they_are_confirmed_nothing_is_deleted(signed_in: Client, owner: User, very_many: None) -> None:
    make_customers(owner, 4)
    choose_all(signed_in)
    work_off(job.JOB)
    assert Customer.objects.count() == 4


def test_only_those_that_match_a_search_are_chosen(signed_in: Client, owner: User, very_many: None) -> None:
    make_customers(owner, 5)
    Customer.objects.create(business=owner.business, name="Anna", phone="+79150000000")
    chosen = {"action": "delete_selected", "_selected_action": "1", "select_across": "1", "index": "0"}
    page = signed_in.post(f"{LIST}?q=D", chosen)
    signed_in.post(f"{LIST}?q=D", {**filled_form(page), "post": "yes"})
    work_off(job.JOB)
    assert [customer.name for customer in Customer.objects.all()] == ["Anna"]


def test_each_leaves_an_entry_in_the_history(signed_in: Client, owner: User, very_many: None) -> None:
    conversations_of(owner, 4)
    confirmed(signed_in, choose_all(signed_in))
    work_off(job.JOB)
    entries = LogEntry.objects.filter(user=owner, action_flag=DELETION)
    assert sorted(entry.object_repr for entry in entries) == ["D0", "D1", "D2", "D3"]


def test_a_job_that_is_interrupted_deletes_exactly_the_chosen(
    signed_in: Client, owner: User, very_many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 5)
    for conversation in conversations_of(owner, 9):
        make_messages(conversation, 7)
    stranger = make_owner()
    theirs = Customer.objects.create(business=stranger.business, name="D theirs", phone="+79160000001")
    confirmed(signed_in, choose_all(signed_in))
    mine = Customer.objects.create(business=owner.business, name="D later", phone="+79150000000")

    claimed = work_off(job.JOB, seconds=0)

    assert claimed > 5
    assert set(Customer.objects.all()) == {theirs, mine}
    receipt = Deletion.objects.get()
    assert receipt.counts == {"customers": 9, "conversations": 9, "messages": 63}
    assert receipt.done == receipt.total == 81
    assert LogEntry.objects.count() == 9


def test_confirming_twice_is_one_deletion(signed_in: Client, owner: User, very_many: None) -> None:
    make_customers(owner, 4)
    page = choose_all(signed_in)
    first, second = confirmed(signed_in, page), confirmed(signed_in, page)
    work_off(job.JOB)
    third = confirmed(signed_in, page)
    assert first["Location"] == second["Location"] == third["Location"]
    assert Deletion.objects.count() == 1


@pytest.mark.parametrize("posted", ["", "x", "9" * 40, "-1", "17"])
def test_rows_that_are_not_kept_are_chosen_again(signed_in: Client, owner: User, posted: str) -> None:
    make_customers(owner, 2)
    values = {"action": "delete_selected", "_selected_action": "0", "post": "yes", "selection": posted}
    page = signed_in.post(LIST, values, follow=True)
    assert "Choose them again" in page.content.decode()
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("who", ["stranger", "manager"])
def test_nobody_confirms_what_another_person_chose(
    signed_in: Client, owner: User, very_many: None, client: Client, who: str
) -> None:
    make_customers(owner, 4)
    page = choose_all(signed_in)
    other = make_owner() if who == "stranger" else make_colleague(owner, Role.MANAGER)
    client.force_login(other, backend="accounts.people.roles.RoleBackend")
    confirmed(client, page)
    work_off(job.JOB)
    assert Customer.objects.count() == 4


def test_an_operator_deletes_nobody(signed_in: Client, owner: User, very_many: None, client: Client) -> None:
    make_customers(owner, 4)
    client.force_login(make_colleague(owner, Role.OPERATOR), backend="accounts.people.roles.RoleBackend")
    choose_all(client)
    assert Customer.objects.count() == 4 and not Selection.objects.exists()


def test_of_a_stranger_nobody_is_chosen(signed_in: Client, owner: User, very_many: None) -> None:
    make_customers(owner, 4)
    theirs = Customer.objects.create(business=make_owner().business, name="D theirs", phone="+79160000001")
    confirmed(signed_in, choose_all(signed_in))
    work_off(job.JOB)
    assert Customer.objects.get() == theirs


def test_few_on_which_very_much_depends_are_left_to_a_job_too(
    signed_in: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_admin, "MAX_ROWS_IN_REQUEST", 10)
    for conversation in conversations_of(owner, 2):
        make_messages(conversation, 9)
    confirmed(signed_in, choose_all(signed_in))
    assert (Deletion.objects.get().state, Customer.objects.count()) == ("waiting", 2)
    work_off(job.JOB)
    assert not Customer.objects.exists()


def test_what_is_still_needed_stays(owner: User) -> None:
    new, offer, *_others = DealStage.objects.for_business(owner.business)
    customer = Customer.objects.create(business=owner.business, name="Anna", phone="+79160000000")
    Deal.objects.create(business=owner.business, customer=customer, title="Tea", stage=offer)
    selection = selections.select(DealStage, [new.pk, offer.pk], owner)

    with pytest.raises(Refusal, match="Tea"):
        selections.delete(selection, owner)

    assert DealStage.objects.filter(pk=new.pk).exists()


def test_what_nobody_confirmed_is_forgotten_after_a_day(owner: User) -> None:
    make_customers(owner, 2)
    pks = list(Customer.objects.values_list("pk", flat=True))
    old, begun, new = (selections.select(Customer, pks, owner) for _serial in range(3))
    Selection.objects.filter(pk__in=[old.pk, begun.pk]).update(created_at=timezone.now() - timedelta(hours=25))
    selections.delete(begun, owner)

    assert delete_expired()["selections"] == 1

    assert set(Selection.objects.all()) == {begun, new}


def test_of_rows_that_each_need_a_decision_too_many_are_refused(
    signed_in: Client, owner: User, very_many: None
) -> None:
    for _serial in range(4):
        make_number(owner.business)
    first = WhatsAppNumber.objects.first()
    values = {"action": "delete_selected", "_selected_action": first.pk, "select_across": "1", "index": "0"}
    page = signed_in.post("/admin/whatsapp/whatsappnumber/", values, follow=True)
    assert "at most 3 rows" in page.content.decode()
    assert WhatsAppNumber.objects.count() == 4
