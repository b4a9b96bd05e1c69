"""The bot speaks again where a person took over some time ago, and is silent until then."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import work_off
from bots.engine.effects import EndReason
from bots.models import BotSession, BotTimer
from bots.runtime import timers, turns
from bots.testing import document, make_bot, make_published_scenario
from crm.conversations import conversations, outbox, recording
from crm.models import Message
from crm.testing import make_change, make_conversation, make_inbound, make_message

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def conversation():
    return make_conversation()


@pytest.fixture
def bot(conversation):
    return make_bot(conversation.whatsapp_number)


def say(text):
    return document({"key": "a", "kind": "message", "text": text})


def write(conversation, text):
    """The customer writes, and the bot takes its turn. Returns what was queued after it."""
    message = make_message(conversation, text)
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    sent = Message.objects.filter(conversation=conversation, direction="out", pk__gt=message.pk)
    return list(sent.order_by("id").values_list("text", flat=True))


def pass_hours(conversation, hours):
    """As if a person had taken over so many hours earlier."""
    conversation.bot_resumes_at -= hours * HOUR
    conversation.save()


@pytest.mark.parametrize(("hours", "answers"), [(11, []), (12, ["Да"])])
def test_it_answers_again_once_the_time_is_over(bot, conversation, hours, answers):
    make_published_scenario(bot, say("Да"))
    outbox.reply(conversation, "Здравствуйте", author=None)
    pass_hours(conversation, hours)
    assert write(conversation, "Есть кто?") == answers


def test_it_costs_no_statement_more(bot, conversation, django_assert_max_num_queries):
    make_published_scenario(bot, say("Да"))
    conversations.pause_bot(conversation)
    pass_hours(conversation, 13)
    make_message(conversation, "Есть кто?")
    with django_assert_max_num_queries(16):
        assert turns.take_turns(conversation.pk) == 1


def test_a_pause_without_end_has_none(bot, conversation):
    make_published_scenario(bot, say("Да"))
    conversations.pause_bot_until(conversation, None)
    assert write(conversation, "Есть кто?") == []


def test_it_answers_again_when_the_conversation_was_closed(bot, conversation):
    make_published_scenario(bot, say("Да"))
    conversations.pause_bot(conversation)
    conversations.close(conversation)
    assert write(conversation, "Есть кто?") == ["Да"]


def test_a_bot_that_called_a_person_comes_back_too(bot, conversation):
    make_published_scenario(bot, document({"key": "human", "kind": "handoff", "text": "Зову"}))
    assert write(conversation, "привет") == ["Зову"]
    assert conversation.is_bot_paused and conversation.bot_resumes_at
    assert write(conversation, "алло") == []
    pass_hours(conversation, 12)
    assert write(conversation, "алло") == ["Зову"]


def test_a_word_that_calls_a_person_pauses_for_the_same_time(bot, conversation):
    make_published_scenario(bot, say("Да"))
    write(conversation, "оператор")
    assert conversation.bot_resumes_at - timezone.now() > 11 * HOUR


def test_a_call_for_a_person_ends_no_pause_without_end(bot, conversation):
    make_published_scenario(bot, say("Да"))
    conversations.pause_bot_until(conversation, None)
    write(conversation, "оператор")
    assert conversation.is_bot_paused and conversation.bot_resumes_at is None


def test_the_question_that_waited_takes_the_answer(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    outbox.reply(conversation, "Сейчас посмотрю", author=None)
    pass_hours(conversation, 12)
    assert write(conversation, "M") == ["Как вас зовут?"]


@pytest.mark.parametrize(("hours", "reason"), [(1, EndReason.HANDED_OFF), (12, EndReason.FINISHED)])
def test_a_timeout_counts_where_the_pause_is_over(bot, conversation, hours, reason):
    make_published_scenario(bot)
    write(conversation, "заказ")
    conversations.pause_bot(conversation)
    pass_hours(conversation, hours)
    BotTimer.objects.filter(kind="timeout").update(due_at=timezone.now())
    work_off(timers.JOB)
    assert BotSession.objects.get().end_reason == reason


# Opting out while a bot asks


def receive(conversation, text):
    """As `write`, by the way on which messages come in."""
    latest = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    recording.record(conversation.whatsapp_number, make_change(make_inbound(conversation.customer.phone, text)))
    turns.take_turns(conversation.pk)
    sent = Message.objects.filter(conversation=conversation, direction="out", pk__gt=latest)
    return list(sent.order_by("id").values_list("text", flat=True))


@pytest.mark.parametrize("text", ["стоп", "хватит"])
def test_who_opts_out_inside_a_question_hears_one_confirmation_and_nothing_else(bot, conversation, text):
    business = conversation.whatsapp_number.business
    business.opt_out_text, business.opt_in_text, business.opt_out_words = "Больше не пишем", "Снова", ["хватит"]
    business.save()
    make_published_scenario(bot)
    receive(conversation, "заказ")
    assert receive(conversation, text) == ["Больше не пишем"]
    assert BotSession.objects.get().end_reason == EndReason.OPTED_OUT
    assert receive(conversation, text) == []
    conversation.refresh_from_db()
    assert not conversation.bot_paused


def test_who_opts_in_again_is_answered_as_ever(bot, conversation):
    business = conversation.whatsapp_number.business
    business.opt_out_text, business.opt_in_text = "Больше не пишем", "Снова пишем"
    business.save()
    make_published_scenario(bot, say("Да"))
    assert receive(conversation, "старт") == ["Да"]
    receive(conversation, "стоп")
    assert receive(conversation, "старт") == ["Снова пишем", "Да"]
