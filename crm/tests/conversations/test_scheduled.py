"""Messages that go out later: once, at their time, or not at all with the reason."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.jobs.job import TakenOver, advance
from accounts.refusals import Refusal
from accounts.testing import work_off
from crm.conversations import conversations, outbox, scheduled
from crm.models import Conversation, Message, ScheduledMessage
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(number):
    return make_conversation(number)


@pytest.fixture
def row(conversation, owner):
    """In an hour."""
    return scheduled.schedule(conversation, owner, in_hours(1), text="The courier comes at six")


def in_hours(hours):
    return timezone.now() + timedelta(hours=hours)


def its_time_comes():
    ScheduledMessage.objects.update(due_at=timezone.now(), lease_until=None)


def state_of(row):
    row.refresh_from_db()
    return row.state


def test_nothing_goes_out_before_its_time(row):
    work_off(scheduled.JOB)

    assert not Message.objects.exists()
    assert state_of(row) == "waiting"


def test_at_its_time_it_is_a_message_of_its_author(row, owner):
    its_time_comes()

    work_off(scheduled.JOB)

    message = Message.objects.get()
    assert (message.text, message.author, message.origin) == ("The courier comes at six", owner, "person")
    assert state_of(row) == "sent"


def test_a_template_goes_out_filled_in_though_the_window_is_closed_by_then(conversation, owner):
    template = make_template(conversation.whatsapp_number, "Order {{1}} is ready.")
    scheduled.schedule(conversation, owner, in_hours(30), template=template, parameters={"1": "881"})
    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))
    its_time_comes()

    work_off(scheduled.JOB)

    assert Message.objects.get(type="template").text == "Order 881 is ready."


def test_a_worker_killed_while_it_sends_leaves_one_message(row):
    its_time_comes()
    with patch.object(outbox, "write", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        advance(scheduled.JOB, row, 10)
    assert not Message.objects.exists()
    its_time_comes()

    work_off(scheduled.JOB)

    assert Message.objects.count() == 1


def test_a_worker_that_comes_back_late_sends_nothing(row):
    its_time_comes()
    late = scheduled.JOB.claim(row.pk)
    its_time_comes()
    work_off(scheduled.JOB)

    with pytest.raises(TakenOver):
        scheduled.work(late, 10)

    assert Message.objects.count() == 1


def test_what_is_cancelled_never_goes_out(row):
    scheduled.cancel(row)
    its_time_comes()

    work_off(scheduled.JOB)

    assert not Message.objects.exists()


def test_what_is_cancelled_while_a_worker_has_it_never_goes_out(row):
    its_time_comes()
    claimed = scheduled.JOB.claim(row.pk)
    scheduled.cancel(row)

    with pytest.raises(TakenOver):
        scheduled.work(claimed, 10)

    assert not Message.objects.exists()


def test_what_is_sent_cannot_be_cancelled(row):
    its_time_comes()
    work_off(scheduled.JOB)

    with pytest.raises(Refusal) as refusal:
        scheduled.cancel(row)

    assert refusal.value.code == "settled"


def test_it_goes_out_at_once_when_a_person_says_so(row):
    scheduled.send_now(row)

    work_off(scheduled.JOB)

    assert state_of(row) == "sent"


@pytest.mark.parametrize("cancels, state", [(True, "cancelled"), (False, "sent")])
def test_a_customer_who_writes_first_cancels_it_if_so_chosen(conversation, owner, cancels, state):
    row = scheduled.schedule(conversation, owner, in_hours(1), text="Hello?", cancel_if_customer_writes=cancels)
    Conversation.objects.update(inbound_count=1, last_inbound_at=timezone.now())
    its_time_comes()

    work_off(scheduled.JOB)

    assert state_of(row) == state


def test_what_is_refused_at_its_time_says_why_and_the_conversation_waits_for_a_person(row, conversation):
    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25), status="closed")
    its_time_comes()

    work_off(scheduled.JOB)

    assert state_of(row) == "failed"
    assert "24" in row.problem
    conversation.refresh_from_db()
    assert conversation.waiting_since and conversation.status == "open"
    assert not Message.objects.exists()


def test_a_refused_one_goes_out_when_a_person_says_so_and_nothing_is_in_the_way(row, number):
    number.is_active = False
    number.save()
    its_time_comes()
    work_off(scheduled.JOB)
    number.is_active = True
    number.save()

    scheduled.send_now(row)
    work_off(scheduled.JOB)

    assert state_of(row) == "sent"


def test_a_template_that_was_deleted_is_not_sent(conversation, owner):
    template = make_template(conversation.whatsapp_number, "Hello.")
    row = scheduled.schedule(conversation, owner, in_hours(1), template=template)
    template.delete()
    its_time_comes()

    work_off(scheduled.JOB)

    assert state_of(row) == "failed"


def test_free_text_is_for_a_time_at_which_the_window_is_still_open(conversation, owner):
    with pytest.raises(Refusal) as refusal:
        scheduled.schedule(conversation, owner, in_hours(30), text="Hello")

    assert refusal.value.code == "window_closed"


@pytest.mark.parametrize("hours", [-1, 24 * 400])
def test_the_time_is_to_come_and_not_too_far(conversation, owner, hours):
    with pytest.raises(ValidationError) as error:
        scheduled.schedule(conversation, owner, in_hours(hours), text="Hello")

    assert "send_at" in error.value.error_dict


def test_in_a_restored_database_it_waits_for_a_person(row):
    scheduled.hold_restored()
    its_time_comes()

    work_off(scheduled.JOB)

    assert state_of(row) == "failed"
    assert not Message.objects.exists()


def test_what_the_customer_wrote_after_it_was_written_waits_on(row, conversation):
    conversation.refresh_from_db()
    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)
    its_time_comes()
    work_off(scheduled.JOB)

    assert state_of(row) == "sent"
    assert Conversation.objects.get().waiting_since is not None


def test_what_quotes_a_message_of_another_conversation_is_refused_at_once(conversation, owner, number):
    elsewhere = make_message(make_conversation(number))
    with pytest.raises(ValidationError):
        scheduled.schedule(conversation, owner, in_hours(1), text="Yes", reply_to=elsewhere)
