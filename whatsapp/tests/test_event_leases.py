"""What a killed worker was processing."""

import pytest

from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.testing import make_number
from whatsapp.webhooks import process


@pytest.fixture
def event():
    number = make_number(make_business())
    return WebhookEvent.objects.create(business=number.business, whatsapp_number=number, field="messages", value={})


@pytest.mark.django_db(transaction=True)
def test_claimed_events_are_nobody_elses(event):
    assert process.claim(event.whatsapp_number_id) == [event]
    assert process.claim(event.whatsapp_number_id) == []


@pytest.mark.django_db(transaction=True)
def test_events_of_a_killed_process_are_due_when_it_starts_again(event):
    process.claim(event.whatsapp_number_id)

    process.JOB.give_back()

    assert process.claim(event.whatsapp_number_id) == [event]


@pytest.mark.django_db
def test_event_that_waits_after_a_failure_goes_on_waiting(event):
    later = event.received_at + process.DELAYS[1]
    WebhookEvent.objects.update(due_at=later, last_error="KeyError")

    process.JOB.give_back()

    assert WebhookEvent.objects.get().due_at == later
