"""The events of a number stand in a line, which one worker has at a time."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.testing import inbound, inbound_text, make_number, message_from
from whatsapp.webhooks import process

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture
def number():
    return make_number(make_business())


def store(number, payload, **fields):
    change = payload["entry"][0]["changes"][0]
    return WebhookEvent.objects.create(
        business=number.business, whatsapp_number=number, field=change["field"], value=change["value"], **fields
    )


def store_text(number, text, **fields):
    return store(number, inbound_text(number, PHONE, text), **fields)


def make_due(event):
    WebhookEvent.objects.filter(pk=event.pk).update(due_at=timezone.now(), lease_until=None)


def test_a_numbers_events_are_handled_in_the_order_in_which_they_came(number, handled):
    for text in ("one", "two", "three"):
        store_text(number, text)
    process.process_line(number.pk)
    assert handled == ["one", "two", "three"]


def test_messages_of_one_event_are_handled_in_order(number, handled):
    messages = [message_from(PHONE, "text", {"body": str(place)}) for place in range(5)]
    store(number, inbound(number, PHONE, *messages))
    process.process_line(number.pk)
    assert handled == ["0", "1", "2", "3", "4"]


def test_more_events_than_a_batch_are_all_handled(number, handled):
    for place in range(process.BATCH + 3):
        store_text(number, str(place))
    process.process_line(number.pk)
    assert handled == [str(place) for place in range(process.BATCH + 3)]


def test_while_one_worker_has_the_line_another_gets_none_of_it(number):
    first = store_text(number, "one")
    assert process.claim(number.pk) == [first]
    store_text(number, "two")
    assert process.claim(number.pk) == []


def test_events_of_another_number_do_not_wait(number):
    other = make_number(number.business)
    process.claim(number.pk)
    store_text(number, "one")
    event = store_text(other, "two")
    assert process.claim(other.pk) == [event]


def test_events_of_a_killed_worker_come_back_first(number, handled):
    first = store_text(number, "one")
    process.claim(number.pk)
    store_text(number, "two")
    make_due(first)
    process.process_line(number.pk)
    assert handled == ["one", "two"]


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_come_at_once_one_handles_all_in_order(number, handled):
    for place in range(20):
        store_text(number, str(place))
    begin = threading.Barrier(4)

    def work():
        begin.wait()
        process.process_line(number.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert handled == [str(place) for place in range(20)]


MOMENTS = {"empty": None, "past": timedelta(minutes=-1), "to come": timedelta(minutes=1)}


@pytest.mark.parametrize("has_line", [False, True], ids=["nobody has the line", "somebody has it"])
def test_a_claim_takes_what_is_due_and_of_the_line_only_what_nobody_has(number, has_line):
    now = timezone.now()
    for due_at, lease_until, error in itertools.product(MOMENTS.values(), MOMENTS.values(), ["", "It failed."]):
        if lease_until and lease_until > timedelta() and due_at and not error:
            continue
        moments = {"due_at": due_at and now + due_at, "lease_until": lease_until and now + lease_until}
        store_text(number, "Hi", last_error=error, **moments)
    if has_line:
        store_text(number, "Hi", lease_until=now + timedelta(minutes=1))
    expected = WebhookEvent.objects.due().order_by("pk")
    expected = list(expected.exclude(last_error="") if has_line else expected)
    assert expected
    claimed = process.claim(number.pk)
    assert claimed == expected
    assert {event.attempts for event in claimed} == {1}
