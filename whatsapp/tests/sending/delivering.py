"""Delivering rows of the ledger in tests, and how long they wait afterwards."""

import time

import pytest
from django.utils import timezone

from whatsapp.sending import delivery
from whatsapp.testing import new_wamid
from whatsapp.tests.graph.scripted_server import answer
from whatsapp.tests.rows import make_row, message_model


def deliver(number, model=None):
    return delivery.deliver(model or message_model(), number.pk)


def delivered(number, **fields):
    """A message after it was delivered."""
    row = make_row(number, **fields)
    deliver(number)
    row.refresh_from_db()
    return row


def make_due(*rows):
    for row in rows:
        type(row).objects.filter(pk=row.pk).update(due_at=None)


def free_slots():
    slots = delivery.slots
    free = slots.acquire(10**6)
    slots.release(free)
    return free


def accepting():
    return answer(200, {"messages": [{"id": new_wamid()}]})


def slowly_accepting(connection):
    time.sleep(0.3)
    connection.sendall(accepting())


def about(seconds):
    return pytest.approx(seconds, abs=3)


def seconds_to(moment):
    return (moment - timezone.now()).total_seconds()
