"""How far a broadcast is."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from broadcasts.models import BroadcastMessage
from broadcasts.progress import STATES, charges, progress
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
    # The states, the reasons, the errors, the rate, and what those that share the number have left.
    with django_assert_num_queries(5):
        progress(broadcast)


# Broadcasts that share a number


def add_sharing(broadcast, left, status="sending"):
    """Another broadcast of the number, of which so much is left."""
    other = make_broadcast(broadcast.whatsapp_number, status=status, started_at=timezone.now())
    add(other, "planned", left)
    return other


@pytest.fixture
def slow(broadcast):
    """The broadcast, which has just begun, through a number that sends two messages a second."""
    broadcast.whatsapp_number.messages_per_second = 2
    broadcast.started_at = timezone.now()
    return broadcast


@pytest.mark.parametrize(
    ("left", "others", "seconds"), [(4, [], 2), (4, [4], 4), (2, [6], 2), (6, [2], 4), (4, [4, 4], 6)]
)
def test_those_that_share_a_number_take_as_long_as_their_turns(slow, left, others, seconds):
    add(slow, "planned", left)
    for other in others:
        add_sharing(slow, other)
    assert progress(slow).eta_seconds == seconds


def test_each_of_two_that_share_a_number_tells_its_own_rate(broadcast):
    recently = timezone.now() - timedelta(seconds=2)
    other = add_sharing(broadcast, 3)
    add(broadcast, "sent", 5, accepted_at=recently)
    add(broadcast, "planned", 3)
    add(other, "sent", 5, accepted_at=recently)

    told = progress(broadcast)

    assert told.rate == 0.5
    assert told.eta_seconds == 6


def test_a_share_is_never_taken_for_more_than_the_number_can(slow):
    slow.started_at -= timedelta(minutes=5)
    add(slow, "sent", 20, accepted_at=timezone.now() - timedelta(seconds=2))
    add(slow, "planned", 4)
    add_sharing(slow, 4)
    assert progress(slow).eta_seconds == 4


@pytest.mark.parametrize("status", ["planned", "scheduled", "paused", "done", "cancelled"])
def test_only_those_that_are_sending_share_the_number(slow, status):
    add(slow, "planned", 4)
    add_sharing(slow, 4, status=status)
    assert progress(slow).eta_seconds == 2


@pytest.mark.parametrize(("status", "seconds"), [("planned", 4), ("paused", 4), ("scheduled", 2)])
def test_before_it_is_sent_those_that_send_now_are_counted_unless_its_time_is_to_come(slow, status, seconds):
    add(slow, "planned", 4)
    add_sharing(slow, 4)
    slow.status = status
    assert progress(slow).eta_seconds == seconds


def test_what_meta_charges_is_counted_by_category(broadcast):
    add(broadcast, "delivered", 2, pricing_category="utility", pricing_billable=True)
    add(broadcast, "delivered", 3, pricing_category="marketing", pricing_billable=True)
    add(broadcast, "delivered", 1, pricing_category="utility", pricing_billable=False)
    add(broadcast, "sent", 1)

    with translation.override("en"):
        assert charges(broadcast) == [("marketing", 3), ("service", 2)]
