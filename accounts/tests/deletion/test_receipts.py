"""Who deletes what, when, and what is written down of it."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.deletion import deletion, job, tasks
from accounts.jobs import registry
from accounts.models import Business, Deletion, User
from accounts.people import team
from accounts.refusals import Refusal
from accounts.testing import make_administrator, make_colleague, make_owner
from crm.models import Customer, Message, Tag
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large."""
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)


def test_a_receipt_names_what_went_who_asked_and_how_long_it_took(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    make_message(conversation)
    receipt = deletion.delete(conversation.customer, requested_by=owner)
    receipt.refresh_from_db()
    assert (receipt.what, receipt.object_id, receipt.business) == (
        "crm.customer",
        conversation.customer_id,
        owner.business,
    )
    assert (receipt.requested_by, receipt.requested_by_email) == (owner, owner.email)
    assert receipt.counts == {"customers": 1, "conversations": 1, "messages": 1}
    assert (receipt.done, receipt.total, receipt.state, receipt.due_at) == (3, 3, "done", None)
    assert receipt.started_at <= receipt.finished_at


def test_what_a_command_deletes_is_asked_for_by_nobody(owner: User) -> None:
    receipt = deletion.delete(make_customer(owner.business))
    assert (receipt.requested_by, receipt.requested_by_email) == (None, "")


def test_a_very_long_name_is_cut(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Customer, "receipt_name", "x" * 1000)
    assert deletion.delete(make_customer(owner.business)).name == "x" * 300


def test_who_deletes_themselves_is_remembered_by_their_e_mail(owner: User) -> None:
    colleague = make_colleague(owner, "owner")
    receipt = team.remove(colleague, colleague)
    receipt.refresh_from_db()
    assert (receipt.requested_by, receipt.requested_by_email) == (None, colleague.email)


def test_the_receipt_of_a_business_is_seen_by_platform_administrators_alone(owner: User) -> None:
    deletion.delete(owner.business, requested_by=owner)
    assert Deletion.objects.for_user(make_administrator()).exists()
    assert not Deletion.objects.for_user(make_owner()).exists()


def test_what_was_deleted_meanwhile_is_refused_and_has_no_second_receipt(owner: User) -> None:
    customer = make_customer(owner.business)
    deletion.delete(customer)
    with pytest.raises(Refusal) as refused:
        deletion.delete(customer)
    assert (refused.value.code, refused.value.status) == ("already_deleted", 404)
    assert Deletion.objects.count() == 1


def test_what_is_refused_is_wholly_there(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = make_conversation(make_number(owner.business))
    make_message(conversation)
    monkeypatch.setattr("accounts.deletion.cascade.Cascade.blockers", lambda cascade: [owner])
    with pytest.raises(Refusal) as refused:
        deletion.delete(conversation.customer)
    assert refused.value.code == "still_needed"
    assert Message.objects.exists() and not Deletion.objects.exists()


def test_an_error_half_way_undoes_all_of_it(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = make_customer(owner.business)
    monkeypatch.setattr("accounts.deletion.deletion._finish", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        deletion.delete(customer)
    assert Customer.objects.exists() and not Deletion.objects.exists()


def test_no_rows_are_no_deletions() -> None:
    assert deletion.delete_all([]) == []


def test_what_is_large_but_cannot_be_retired_goes_at_once(owner: User, large: None) -> None:
    tag = Tag.objects.create(business=owner.business, name="vip")
    assert deletion.delete(tag).state == "done"


def test_who_asks_again_gets_the_deletion_under_way_whoever_began_it(owner: User, large: None) -> None:
    customer = make_customer(owner.business)
    first = deletion.delete(customer, requested_by=owner)
    assert deletion.delete(customer, requested_by=make_colleague(owner)) == first
    assert deletion.delete_all([customer], requested_by=owner) == [first]
    assert Deletion.objects.get().requested_by == owner


# Retired, then deleted by a job


def test_from_the_moment_a_business_is_being_deleted_nobody_of_it_gets_in(
    owner: User, large: None, client: Any
) -> None:
    client.force_login(owner)
    deletion.delete(owner.business, requested_by=owner)
    assert client.get("/admin/").status_code == 302
    assert Business.objects.get().is_suspended


def test_a_worker_is_woken_when_it_is_committed(
    owner: User, large: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        asked = deletion.delete(make_customer(owner.business))
        assert asked.state == "waiting"
    asked.refresh_from_db()
    assert asked.state == "done"


def test_a_worker_that_is_stopped_by_hand_gives_the_deletion_back(
    owner: User, large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = deletion.delete(make_customer(owner.business))

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(job, "_remove", stop)
        with pytest.raises(KeyboardInterrupt):
            job.advance(asked)
    asked.refresh_from_db()
    assert (asked.state, asked.lease_until) == ("running", None)
    assert job.advance(asked) is False and asked.state == "done"


def test_when_it_is_continued_the_time_of_its_start_stays(
    owner: User, large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 1)
    conversation = make_conversation(make_number(owner.business))
    asked = deletion.delete(conversation.customer)
    assert job.advance(asked, seconds=0) is True
    started_at, done = asked.started_at, asked.done
    job.advance(asked)
    assert asked.started_at == started_at
    assert (asked.state, asked.done) == ("done", 2) and done == 1


def test_a_deletion_whose_row_somebody_else_deleted_is_done(owner: User, large: None) -> None:
    customer = make_customer(owner.business)
    asked = deletion.delete(customer)
    customer.delete()
    job.advance(asked)
    assert (asked.state, asked.counts, asked.orphans) == ("done", {}, 0)


def test_a_deletion_of_a_kind_that_there_is_no_more_says_so_and_is_tried_again_later(owner: User) -> None:
    asked = Deletion.objects.create(business=owner.business, what="crm.gone", object_id=1)
    assert job.advance(asked) is False
    assert "LookupError" in asked.last_error and asked.due_at > timezone.now()


def test_a_finished_deletion_is_never_worked_on_again(owner: User, large: None) -> None:
    asked = deletion.delete(make_customer(owner.business))
    job.advance(asked)
    Deletion.objects.update(due_at=asked.created_at)
    assert job.JOB.claim() is None and registry.stuck() == []


def test_the_tick_sweeps_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    assert tasks.sweep_files() == 0
