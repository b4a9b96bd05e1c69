"""How far a broadcast is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from broadcasts.models import BroadcastMessage
from broadcasts.progress import STATES, progress
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

COUNTS = {state.value: count for count, state in enumerate(STATES, 1)}


@pytest.fixture
def broadcast(number):
    return make_broadcast(number, status="sending", started_at=timezone.now() - timedelta(minutes=5))


def add(broadcast, status, count=1, **fields):
    for _person in range(count):
        make_broadcast_message(broadcast, make_customer(broadcast.business), status, **fields)


def test_the_nine_states_sum_to_the_total(broadcast):
    for status, count in COUNTS.items():
        add(broadcast, status, count)
    add(make_broadcast(broadcast.whatsapp_number), "planned")

    told = progress(broadcast).as_json()

    assert {state: told[state] for state in COUNTS} == COUNTS
    assert told["total"] == sum(COUNTS.values()) == broadcast.messages.count()


def test_skips_and_failures_are_counted_by_reason(broadcast):
    add(broadcast, "skipped", 1, skip_reason="no_phone")
    add(broadcast, "skipped", 2, skip_reason="opted_out")
    add(broadcast, "failed", 1, error_code=131026, error_title="in another language")
    add(broadcast, "failed", 2, error_code=131049, error_title="…")
    add(broadcast, "failed", 1, error_title="It could not be put together.")

    told = progress(broadcast).as_json()

    assert told["skips"] == [{"reason": "opted_out", "count": 2}, {"reason": "no_phone", "count": 1}]
    assert [(failure["code"], failure["count"]) for failure in told["failures"][:1]] == [(131049, 2)]
    titles = {failure["code"]: failure["title"] for failure in told["failures"]}
    assert titles[None] == "It could not be put together."
    assert "131026" in titles[131026]


def test_the_rate_is_what_was_taken_lately(broadcast):
    add(broadcast, "sent", 5, accepted_at=timezone.now() - timedelta(seconds=2))
    add(broadcast, "sent", 5, accepted_at=timezone.now() - timedelta(seconds=60))
    add(broadcast, "planned", 3)

    told = progress(broadcast)

    assert told.rate == 0.5
    assert told.eta_seconds == 6


def test_before_it_is_sent_the_number_says_how_long_it_takes(broadcast):
    broadcast.whatsapp_number.messages_per_second = 2
    broadcast.move("planned", since=["sending"])
    broadcast.whatsapp_number.messages_per_second = 2
    add(broadcast, "planned", 5)
    assert progress(broadcast).eta_seconds == 3


def test_while_the_number_is_off_there_is_no_estimate(broadcast):
    add(broadcast, "planned", 5)
    broadcast.whatsapp_number.is_active = False
    assert progress(broadcast).eta_seconds is None


@pytest.mark.parametrize("status", ["draft", "planning", "done", "cancelled"])
def test_where_nothing_is_to_come_there_is_no_estimate(broadcast, status):
    broadcast.move(status, since=["sending"])
    add(broadcast, "planned" if status == "planning" else "read")
    assert progress(broadcast).eta_seconds is None


def test_it_takes_few_queries(broadcast, django_assert_num_queries):
    for status in BroadcastMessage.Status.values[1:]:
        add(broadcast, status)
    # The states, the reasons, the errors, the rate.
    with django_assert_num_queries(4):
        progress(broadcast)
