"""Who waits for a person: a fact of its own."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Business, User
from accounts.refusals import Refusal
from accounts.testing import make_colleague
from crm.conversations import conversations, notes, outbox, queues, reads, recording
from crm.models import Conversation, Message
from crm.testing import make_change, make_conversation, make_inbound

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def make_user(business: Business) -> User:
    return make_colleague(business.people.earliest("pk"))


def write(conversation, text="Hello"):
    recording.record(conversation.whatsapp_number, make_change(make_inbound(conversation.customer.phone, text)))
    conversation.refresh_from_db()


@pytest.fixture
def paused():
    conversation = make_conversation()
    conversations.pause_bot(conversation)
    return conversation


def test_a_message_where_bots_are_silent_waits_at_once(paused):
    write(paused)
    assert paused.waiting_since == Message.objects.get().timestamp


def test_who_writes_again_has_waited_since_the_first_message(paused):
    write(paused)
    since = paused.waiting_since
    write(paused, "Are you there?")
    assert paused.waiting_since == since


def test_a_message_that_a_bot_may_answer_does_not_wait_yet():
    conversation = make_conversation()
    write(conversation)
    assert conversation.waiting_since is None


@pytest.mark.parametrize("origin", ["person", "api"])
def test_an_answer_of_a_person_or_program_ends_the_wait(paused, origin):
    write(paused)
    outbox.reply(paused, "Yes", None, origin)
    paused.refresh_from_db()
    assert paused.waiting_since is None


def test_what_a_bot_says_does_not_end_the_wait(paused):
    write(paused)
    content = {"type": "text", "text": {"body": "A reminder"}}
    outbox.queue(paused, content, "A reminder", Message.Origin.BOT)
    paused.refresh_from_db()
    assert paused.waiting_since is not None


def test_closing_ends_the_wait(paused):
    write(paused)
    conversations.close(paused)
    paused.refresh_from_db()
    assert paused.waiting_since is None


def test_the_longest_waiting_comes_first(paused):
    write(paused)
    later = make_conversation(paused.whatsapp_number)
    conversations.wait_for_person(later, paused.waiting_since + timedelta(minutes=1))
    person = make_user(paused.business)
    assert list(queues.in_queue(Conversation.objects.all(), "waiting", person)) == [paused, later]


def test_a_snoozed_conversation_is_out_of_sight_until_its_time(paused, time_machine):
    write(paused)
    person = make_user(paused.business)
    conversations.snooze(paused, timezone.now() + timedelta(hours=1))
    assert not queues.in_queue(Conversation.objects.all(), "waiting", person)
    assert queues.in_queue(Conversation.objects.all(), "snoozed", person).get() == paused
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    assert queues.in_queue(Conversation.objects.all(), "waiting", person).get() == paused
    assert not queues.in_queue(Conversation.objects.all(), "snoozed", person)


def test_a_snoozed_conversation_comes_back_when_the_customer_writes(paused):
    conversations.snooze(paused, timezone.now() + timedelta(days=1))
    write(paused)
    assert paused.snoozed_until is None and not paused.is_snoozed


def test_nothing_is_snoozed_until_a_time_that_has_passed(paused):
    with pytest.raises(ValidationError):
        conversations.snooze(paused, timezone.now() - timedelta(minutes=1))


def test_a_closed_conversation_is_not_snoozed(paused):
    conversations.close(paused)
    with pytest.raises(Refusal):
        conversations.snooze(paused, timezone.now() + timedelta(days=1))


def test_what_is_unread_is_each_persons_own(paused):
    reader, other = make_user(paused.business), make_user(paused.business)
    write(paused)
    write(paused, "Two")
    reads.read(paused, reader)
    rows = Conversation.objects.all()
    assert reads.with_unread(rows, reader).get().unread_by_me == 0
    assert reads.with_unread(rows, other).get().unread_by_me > 0


def test_what_came_since_is_counted(paused):
    reader = make_user(paused.business)
    reads.read(paused, reader)
    write(paused)
    write(paused, "Two")
    assert reads.with_unread(Conversation.objects.all(), reader).get().unread_by_me == 2


def test_a_conversation_can_be_set_back_to_unread(paused):
    reader = make_user(paused.business)
    write(paused)
    reads.read(paused, reader)
    reads.unread(paused, reader)
    assert reads.with_unread(Conversation.objects.all(), reader).get().unread_by_me == 1


def test_what_came_before_somebody_joined_is_not_unread_to_them(paused):
    write(paused)
    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(days=1))
    newcomer = make_user(paused.business)
    assert reads.with_unread(Conversation.objects.all(), newcomer).get().unread_by_me == 0


def test_a_note_is_never_sent_and_ends_no_wait(paused):
    write(paused)
    note = notes.write(paused, make_user(paused.business), " Ask Vera ")
    paused.refresh_from_db()
    assert (note.text, note.direction, note.status) == ("Ask Vera", "internal", "received")
    assert paused.waiting_since is not None
    assert not Message.waiting(paused.whatsapp_number_id).exists()


@pytest.mark.parametrize("text", ["", "  ", "x" * 4097])
def test_a_note_needs_words_that_fit(paused, text):
    with pytest.raises(ValidationError):
        notes.write(paused, make_user(paused.business), text)


@pytest.mark.parametrize("do", [conversations.close, lambda row: conversations.snooze(row, timezone.now() + HOUR)])
def test_what_the_customer_wrote_since_somebody_looked_is_not_put_out_of_sight(paused, do):
    seen = Conversation.objects.get(pk=paused.pk)
    write(paused)
    with pytest.raises(Refusal):
        do(seen)
    paused.refresh_from_db()
    assert (paused.status, paused.snoozed_until) == ("open", None) and paused.waiting_since
