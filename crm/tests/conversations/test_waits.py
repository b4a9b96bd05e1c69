"""How long a wait was, and how it ended, is kept when it ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_owner
from crm.conversations import conversations, outbox
from crm.models import Conversation, Message, Wait
from crm.testing import make_conversation
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def conversation(owner):
    """One in which the customer has waited for ten minutes."""
    since = timezone.now() - timedelta(minutes=10)
    return make_conversation(make_number(owner.business), waiting_since=since)


def test_the_answer_of_a_person_ends_a_wait_as_theirs(owner, conversation):
    outbox.reply(conversation, "Hello", owner)

    wait = Wait.objects.get()
    assert (wait.user, wait.ending, wait.business) == (owner, "answered", owner.business)
    assert 600 <= wait.waited_seconds < 630


def test_the_answer_of_a_program_is_nobody_s(owner, conversation):
    outbox.reply(conversation, "Hello", owner, origin=Message.Origin.API)

    assert Wait.objects.get().user is None


def test_what_a_bot_says_ends_no_wait(conversation):
    outbox.queue(conversation, {"type": "text", "text": {"body": "Hi"}}, "Hi", Message.Origin.BOT)

    assert not Wait.objects.exists()


def test_a_second_answer_ends_nothing(owner, conversation):
    outbox.reply(conversation, "Hello", owner)
    outbox.reply(conversation, "Again", owner)

    assert Wait.objects.count() == 1


def test_of_two_answers_at_the_same_time_one_ends_the_wait(owner, conversation):
    also_read = Conversation.objects.get(pk=conversation.pk)
    outbox.reply(conversation, "Hello", owner)
    outbox.reply(also_read, "Good day", owner)

    assert Wait.objects.count() == 1


def test_what_the_customer_wrote_after_somebody_looked_waits_on(owner, conversation):
    seen = Conversation.objects.get(pk=conversation.pk)
    outbox.reply(conversation, "Hello", owner)
    conversations.wait_for_person(conversation, timezone.now())
    outbox.reply(seen, "Good day", owner)

    assert Conversation.objects.get().waiting_since is not None


def test_an_answer_on_the_owner_s_phone_ends_a_wait_when_it_was_written(conversation):
    at = conversation.waiting_since + timedelta(minutes=3)
    conversation.last_inbound_at = conversation.waiting_since

    conversations.note_answer(conversation, at)

    assert Wait.objects.get().waited_seconds == 180


def test_an_answer_from_before_the_customer_wrote_ends_no_wait(conversation):
    conversations.note_answer(conversation, conversation.waiting_since - timedelta(minutes=3))

    assert not Wait.objects.exists()


def test_closing_ends_a_wait_without_an_answer(conversation):
    conversations.close(conversation)

    assert Wait.objects.get().ending == "closed"


def test_closing_what_does_not_wait_keeps_nothing():
    conversations.close(make_conversation())

    assert not Wait.objects.exists()
