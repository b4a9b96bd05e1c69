"""A broadcast from its start to its end: which moves there are, and what each does."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.refusals import Refusal
from broadcasts import lifecycle, tasks
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.testing import make_customer
from whatsapp.models import WhatsAppNumber

pytestmark = pytest.mark.django_db

STATUSES = Broadcast.Status.values


@pytest.fixture
def broadcast(number):
    """Planned, with one person."""
    broadcast = make_broadcast(number, status="planned")
    make_broadcast_message(broadcast, make_customer(number.business))
    return broadcast


@pytest.fixture
def sending(monkeypatch):
    """Collects the calls that set sending going."""
    calls = []
    monkeypatch.setattr(lifecycle.dispatch, "send", calls.append)
    return calls


@pytest.fixture(autouse=True)
def _nothing_is_delivered(sending):
    pass


def set_status(broadcast, status, **fields):
    Broadcast.objects.filter(pk=broadcast.pk).update(status=status, **fields)
    broadcast.refresh_from_db()


def outcome(broadcast, verb, *arguments):
    """The status after a verb, or the code of its refusal."""
    try:
        verb(broadcast, *arguments)
    except Refusal as refusal:
        return refusal.code
    broadcast.refresh_from_db()
    return broadcast.status


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (
            lifecycle.start,
            {
                "draft": "not_planned",
                "planning": "still_planning",
                "planned": "sending",
                "scheduled": "scheduled",
                "sending": "sending",
                "paused": "paused",
                "done": "done",
                "cancelled": "cancelled",
            },
        ),
        (
            lambda broadcast: lifecycle.pause(broadcast, "Vera"),
            {
                **dict.fromkeys(STATUSES, "not_sending"),
                "scheduled": "paused",
                "sending": "paused",
                "paused": "paused",
            },
        ),
        (
            lifecycle.resume,
            {
                **dict.fromkeys(STATUSES, "not_paused"),
                "paused": "sending",
                "sending": "sending",
                "scheduled": "scheduled",
            },
        ),
        (
            lifecycle.cancel,
            {**dict.fromkeys(STATUSES, "cancelled"), "draft": "not_planned", "done": "already_done"},
        ),
    ],
    ids=["start", "pause", "resume", "cancel"],
)
@pytest.mark.parametrize("status", STATUSES)
def test_a_verb_moves_or_refuses(broadcast, verb, expected, status):
    set_status(broadcast, status)
    assert outcome(broadcast, verb) == expected[status]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("done", "sending"),
        ("sending", "sending"),
        ("paused", "not_done"),
        ("cancelled", "not_done"),
        ("planned", "not_done"),
    ],
)
def test_failed_messages_are_retried_when_it_is_done_or_being_sent(broadcast, status, expected):
    set_status(broadcast, status)
    broadcast.messages.update(status="failed")
    assert outcome(broadcast, lifecycle.retry_failed) == expected


def test_starting_sets_sending_going(broadcast, sending):
    lifecycle.start(broadcast)

    assert broadcast.started_at
    assert sending == [broadcast.whatsapp_number_id]


def test_starting_twice_starts_once(broadcast, sending):
    in_another_tab = Broadcast.objects.get(pk=broadcast.pk)
    lifecycle.start(broadcast)

    lifecycle.start(in_another_tab)

    assert len(sending) == 1
    assert in_another_tab.started_at == broadcast.started_at


def refused(broadcast, verb=lifecycle.start):
    with pytest.raises(Refusal) as refusal:
        verb(broadcast)
    broadcast.refresh_from_db()
    return refusal.value.code


def test_a_number_that_is_off_starts_nothing(broadcast, sending):
    WhatsAppNumber.objects.update(is_active=False)

    assert refused(broadcast) == "number_inactive"
    assert broadcast.status == "planned"


def test_a_suspended_business_starts_nothing(broadcast):
    broadcast.business.is_suspended = True
    broadcast.business.save()

    assert refused(broadcast) == "suspended"


def test_an_expired_plan_resumes_nothing(broadcast):
    set_status(broadcast, "paused")
    broadcast.business.subscription.ends_at = timezone.now() - timedelta(days=1)
    broadcast.business.subscription.save()

    assert refused(broadcast, lifecycle.resume) == "suspended"
    assert broadcast.status == "paused"


def test_a_template_that_meta_paused_since_starts_nothing(broadcast):
    broadcast.template.status = "PAUSED"
    broadcast.template.save()

    assert refused(broadcast) == "template_not_usable"


def test_a_plan_without_anybody_to_send_to_does_not_start(broadcast):
    broadcast.messages.update(status="skipped")

    assert refused(broadcast) == "nobody_left"
    assert broadcast.status == "planned"


# The plan of the business


@pytest.fixture
def trial(broadcast, monkeypatch):
    """A plan that allows two recipients a month."""
    monkeypatch.setitem(lifecycle.recipients.plans.PLANS["trial"].limits, "broadcast_recipients_per_month", 2)
    broadcast.business.subscription.plan = "trial"
    broadcast.business.subscription.save()


def another(broadcast, people=1, status="planned", **fields):
    other = make_broadcast(broadcast.whatsapp_number, status=status)
    for _person in range(people):
        make_broadcast_message(other, make_customer(broadcast.business), **fields)
    return other


def test_as_many_as_the_plan_allows_may_be_written_to(broadcast, trial):
    another(broadcast, people=1, status="sending")
    assert outcome(broadcast, lifecycle.start) == "sending"


@pytest.mark.parametrize("status", ["scheduled", "sending", "paused"])
def test_people_that_live_broadcasts_wait_for_count(broadcast, trial, status):
    another(broadcast, people=2, status=status)
    assert refused(broadcast) == "plan_limit"
    assert broadcast.status == "planned"


@pytest.mark.parametrize("status", ["draft", "planned", "cancelled"])
def test_people_of_broadcasts_that_do_not_run_do_not_count(broadcast, trial, status):
    another(broadcast, people=9, status=status)
    assert outcome(broadcast, lifecycle.start) == "sending"


def test_a_month_begins_at_midnight_of_the_business(broadcast, trial):
    now = timezone.now().astimezone(ZoneInfo("Pacific/Kiritimati"))
    broadcast.business.time_zone = "Pacific/Kiritimati"
    broadcast.business.save()
    midnight = datetime(now.year, now.month, 1, tzinfo=now.tzinfo)
    other = another(broadcast, people=2, status="done", accepted_at=midnight - timedelta(seconds=1))
    other.messages.update(status="read")
    assert lifecycle.recipients.count_of_month(broadcast.business) == 0

    other.messages.update(accepted_at=midnight)
    assert refused(broadcast) == "plan_limit"


def test_retrying_counts_too(broadcast, trial):
    set_status(broadcast, "done")
    broadcast.messages.update(status="failed")
    another(broadcast, people=2, status="sending")

    assert refused(broadcast, lifecycle.retry_failed) == "plan_limit"
    assert broadcast.status == "done"
    assert broadcast.messages.get().status == "failed"


# Pausing, resuming, cancelling


def test_pausing_says_who_did_it(broadcast):
    set_status(broadcast, "sending")
    lifecycle.pause(broadcast, "Vera")
    assert "Vera" in broadcast.paused_reason


def test_resuming_sets_sending_going_and_forgets_the_reason(broadcast, sending):
    set_status(broadcast, "paused", paused_reason="Paused by Vera.")
    lifecycle.resume(broadcast)
    assert (broadcast.paused_reason, len(sending)) == ("", 1)


def test_resuming_before_its_time_schedules_it_again(broadcast, sending):
    set_status(broadcast, "paused", scheduled_at=timezone.now() + timedelta(hours=2))
    lifecycle.resume(broadcast)
    assert (broadcast.status, sending) == ("scheduled", [])


def test_cancelling_skips_who_was_not_written_to_and_nobody_else(broadcast):
    set_status(broadcast, "sending")
    for status in ("sending", "accepted", "failed", "unknown"):
        make_broadcast_message(broadcast, make_customer(broadcast.business), status)
    other = another(broadcast, status="sending")

    lifecycle.cancel(broadcast)

    found = sorted(broadcast.messages.values_list("status", "skip_reason"))
    assert found == [("accepted", ""), ("failed", ""), ("sending", ""), ("skipped", "cancelled"), ("unknown", "")]
    assert other.messages.get().status == "planned"


def test_a_message_that_came_back_after_cancelling_is_skipped(broadcast):
    lifecycle.cancel(broadcast)
    broadcast.messages.update(status="planned")

    assert tasks.skip_cancelled() == {"skipped": 1}

    assert broadcast.messages.get().skip_reason == "cancelled"


def test_a_retried_message_is_as_if_it_had_never_been_sent(broadcast, sending):
    set_status(broadcast, "done", finished_at=timezone.now())
    row = broadcast.messages.get()
    fields = {"wamid": "wamid.1", "token": "t", "attempts": 3, "error_code": 131026, "error_title": "Undeliverable"}
    times = dict.fromkeys(["due_at", "accepted_at", "sent_at"], timezone.now())
    broadcast.messages.update(status="failed", **fields, **times)

    lifecycle.retry_failed(broadcast)

    row.refresh_from_db()
    assert {name: getattr(row, name) for name in lifecycle.UNSENT} == lifecycle.UNSENT
    assert broadcast.finished_at is None
    assert len(sending) == 1


def test_without_failures_there_is_nothing_to_retry(broadcast):
    set_status(broadcast, "done")
    assert refused(broadcast, lifecycle.retry_failed) == "nothing_failed"
    assert broadcast.status == "done"


# Schedules


def test_starting_before_its_time_schedules_it(broadcast, sending):
    set_status(broadcast, "planned", scheduled_at=timezone.now() + timedelta(hours=2))
    lifecycle.start(broadcast)
    assert (broadcast.status, broadcast.started_at, sending) == ("scheduled", None, [])


def test_its_time_starts_it(broadcast, sending):
    set_status(broadcast, "scheduled", scheduled_at=timezone.now() - timedelta(minutes=59))

    assert tasks.start_scheduled() == {"started": 1}

    broadcast.refresh_from_db()
    assert broadcast.status == "sending"
    assert broadcast.started_at
    assert len(sending) == 1


def test_before_its_time_it_waits(broadcast):
    set_status(broadcast, "scheduled", scheduled_at=timezone.now() + timedelta(minutes=1))
    assert tasks.start_scheduled() == {"started": 0}


def test_a_time_missed_by_over_an_hour_asks(broadcast, sending):
    set_status(broadcast, "scheduled", scheduled_at=timezone.now() - timedelta(minutes=61))

    assert tasks.start_scheduled() == {"started": 0}

    broadcast.refresh_from_db()
    assert broadcast.status == "paused"
    assert broadcast.paused_reason
    assert sending == []


def test_after_a_missed_time_a_person_sends_it(broadcast):
    set_status(broadcast, "scheduled", scheduled_at=timezone.now() - timedelta(hours=3))
    tasks.start_scheduled()
    broadcast.refresh_from_db()
    assert outcome(broadcast, lifecycle.resume) == "sending"


def test_what_may_not_be_sent_at_its_time_is_paused_with_the_reason(broadcast):
    set_status(broadcast, "scheduled", scheduled_at=timezone.now())
    WhatsAppNumber.objects.update(is_active=False)

    tasks.start_scheduled()

    broadcast.refresh_from_db()
    assert broadcast.status == "paused"
    assert broadcast.whatsapp_number.name in broadcast.paused_reason


def test_the_reason_is_in_the_language_of_the_business(broadcast):
    broadcast.business.language = "en"
    broadcast.business.save()
    set_status(broadcast, "scheduled", scheduled_at=timezone.now() - timedelta(hours=3))

    tasks.start_scheduled()

    broadcast.refresh_from_db()
    assert broadcast.paused_reason.startswith("Its time passed")


# Unknown fate


@pytest.mark.parametrize(("status", "after"), [("done", "sending"), ("sending", "sending"), ("paused", "paused")])
def test_sending_again_what_may_have_been_lost_goes_on(broadcast, status, after):
    set_status(broadcast, status)
    broadcast.messages.update(status="unknown")

    lifecycle.send_again(broadcast.messages.get())

    broadcast.refresh_from_db()
    assert broadcast.status == after
    assert broadcast.messages.get().status != "unknown"


def test_in_a_cancelled_broadcast_nothing_is_sent_again(broadcast):
    set_status(broadcast, "cancelled")
    broadcast.messages.update(status="unknown")

    assert refused(broadcast, lambda broadcast: lifecycle.send_again(broadcast.messages.get())) == "cancelled"
    assert broadcast.messages.get().status == "unknown"
