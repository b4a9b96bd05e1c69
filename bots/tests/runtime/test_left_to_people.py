"""What a bot does not answer waits for a person."""

import pytest

from bots.models import Bot
from bots.runtime import turns
from bots.testing import document, make_bot, make_published_scenario
from crm.conversations import conversations, outbox, recording
from crm.models import Conversation
from crm.testing import make_change, make_conversation, make_inbound

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation() -> Conversation:
    return make_conversation()


@pytest.fixture
def bot(conversation: Conversation) -> Bot:
    return make_bot(conversation.whatsapp_number)


def waits(conversation: Conversation, text: str) -> bool:
    """Whether a customer who writes a text waits for a person after the bot's turn."""
    inbound = make_inbound(conversation.customer.phone, text)
    recording.record(conversation.whatsapp_number, make_change(inbound))
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    return conversation.waiting_since is not None


def test_who_is_answered_does_not_wait(conversation, bot):
    make_published_scenario(bot, document({"key": "a", "kind": "message", "text": "Hello"}))
    assert not waits(conversation, "Hi")


def test_where_there_is_no_bot_everybody_waits(conversation):
    assert waits(conversation, "Hi")


def test_what_no_scenario_takes_waits(conversation, bot):
    answer = {"key": "a", "kind": "message", "text": "Hello"}
    make_published_scenario(bot, document(answer, triggers=[{"kind": "keyword", "match": "equals", "value": "hello"}]))
    assert not waits(conversation, "hello")
    assert waits(conversation, "something else")


def test_who_is_handed_over_waits(conversation, bot):
    make_published_scenario(bot, document({"key": "a", "kind": "handoff", "text": "Wait"}))
    assert waits(conversation, "Hi")


def test_who_asks_for_a_person_waits(conversation, bot):
    make_published_scenario(bot, document({"key": "a", "kind": "ask", "text": "Name?", "answer": "text"}))
    assert not waits(conversation, "Hi")
    assert waits(conversation, "оператор")


def test_whoever_opts_out_does_not_wait(conversation, bot):
    make_published_scenario(bot, document({"key": "a", "kind": "message", "text": "Hello"}))
    assert not waits(conversation, "STOP")


@pytest.mark.parametrize("is_closed", [True, False])
def test_who_was_answered_or_closed_before_the_bots_turn_does_not_wait(conversation, is_closed):
    inbound = make_inbound(conversation.customer.phone, "Hi")
    recording.record(conversation.whatsapp_number, make_change(inbound))
    conversation.refresh_from_db()
    if is_closed:
        conversations.close(conversation)
    else:
        outbox.reply(conversation, "Hello", author=None)
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    assert conversation.waiting_since is None
