"""What a killed worker was processing."""

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.testing import inbound_text, make_number
from whatsapp.webhooks import process


@pytest.fixture
def event():
    number = make_number(make_business())
    [change] = inbound_text(number, "+79161234567", "Hi")["entry"][0]["changes"]
    return WebhookEvent.objects.create(business=number.business, whatsapp_number=number, **change)


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


# An outage of the database


@pytest.fixture
def fail_once(settings, monkeypatch):
    """The first event that is handled meets an error."""
    handled = []

    def fail_with(error):
        def handle(number, changes):
            handled.append(changes[0])
            if len(handled) == 1:
                raise error
            return 1, []

        monkeypatch.setattr("whatsapp.webhooks.process.import_string", lambda path: handle)

    return fail_with


OUTAGE = OperationalError("the connection is closed")


@pytest.mark.django_db(transaction=True)
def test_events_are_due_at_once_when_the_database_is_back(event, fail_once):
    fail_once(OUTAGE)
    with pytest.raises(OperationalError):
        process.process_line(event.whatsapp_number_id)
    process.process_line(event.whatsapp_number_id)
    event.refresh_from_db()
    assert event.processed_at


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_none_of_an_events_attempts(event, fail_once):
    fail_once(OUTAGE)
    with pytest.raises(OperationalError):
        process.process_line(event.whatsapp_number_id)
    event.refresh_from_db()
    assert (event.attempts, event.last_error) == (0, "")


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_was_cut_off_while_it_was_committed_is_given_back(event, monkeypatch):
    claim = process.claim

    def claim_and_lose(number_id, until):
        claim(number_id, until)
        raise OUTAGE

    monkeypatch.setattr(process, "claim", claim_and_lose)
    with pytest.raises(OperationalError):
        process.process_line(event.whatsapp_number_id)
    assert claim(event.whatsapp_number_id) == [event]


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_event_itself_waits_as_before(event, fail_once):
    fail_once(KeyError("text"))
    process.process_line(event.whatsapp_number_id)
    event.refresh_from_db()
    assert event.last_error.startswith("KeyError")
    assert event.due_at > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_a_long_batch_stays_claimed_while_it_is_worked_on(event):
    line = process.ClaimedLine(event.whatsapp_number_id)
    line.until = timezone.now() + process.LEASE / 4
    process.claim(event.whatsapp_number_id, line.until)
    line.renew()
    event.refresh_from_db()
    assert event.lease_until == line.until
    assert line.until > timezone.now() + process.LEASE / 2
