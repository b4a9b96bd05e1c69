from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import work_off
from bots.engine.effects import EndReason
from bots.models import BotSession, BotTimer
from bots.runtime import timers, turns
from bots.runtime.tasks import take_due_turns
from bots.testing import document, make_bot, make_published_scenario
from crm.models import Message
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation():
    """One whose customer was asked for a size an hour ago."""
    conversation = make_conversation()
    make_published_scenario(make_bot(conversation.whatsapp_number))
    make_message(conversation, "заказ")
    turns.take_turns(conversation.pk)
    BotTimer.objects.filter(kind="timeout").update(due_at=timezone.now())
    return conversation


def last_text():
    return Message.objects.filter(direction="out").latest("id").text


def test_a_question_that_was_not_answered_in_time(conversation):
    work_off(timers.JOB)
    assert last_text() == "До свидания!"
    assert not BotTimer.objects.exists()
    conversation.refresh_from_db()
    assert not conversation.in_scenario


def test_a_timer_fires_once(conversation):
    timer = BotTimer.objects.get(kind="timeout")
    assert timers.fire(timer)
    assert not timers.fire(timer)


def test_a_timer_of_an_earlier_turn_is_ignored(conversation):
    BotTimer.objects.update(turn=0)
    work_off(timers.JOB)
    assert last_text() == "Какой размер?"


def test_an_answer_sets_the_old_timers_aside(conversation):
    make_message(conversation, "S")
    turns.take_turns(conversation.pk)
    work_off(timers.JOB)
    assert [timer.kind for timer in BotTimer.objects.all()] == ["expiry"]


def test_a_message_that_waits_goes_before_the_timer(conversation):
    make_message(conversation, "S")
    work_off(timers.JOB)
    turns.take_turns(conversation.pk)
    assert last_text() == "Как вас зовут?"


def test_a_session_that_waited_too_long_ends_without_a_word(conversation):
    BotTimer.objects.filter(kind="timeout").delete()
    past = timezone.now() - timedelta(seconds=1)
    BotTimer.objects.update(due_at=past)
    BotSession.objects.update(expires_at=past)
    work_off(timers.JOB)
    assert BotSession.objects.get().end_reason == EndReason.EXPIRED
    assert last_text() == "Какой размер?"
    conversation.refresh_from_db()
    assert not conversation.in_scenario


def test_a_timer_says_nothing_where_a_person_owns_the_conversation(conversation):
    conversation.bot_paused = True
    conversation.save()
    work_off(timers.JOB)
    assert last_text() == "Какой размер?"
    assert BotSession.objects.get().ended_at


def test_a_timeout_outside_the_window_calls_a_person(conversation):
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()
    work_off(timers.JOB)
    conversation.refresh_from_db()
    assert conversation.bot_paused
    assert BotSession.objects.get().end_reason == EndReason.ERROR


def test_a_message_that_the_broker_forgot_is_found():
    conversation = make_conversation()
    steps = {"key": "a", "kind": "message", "text": "Да"}
    make_published_scenario(make_bot(conversation.whatsapp_number), document(steps))
    message = make_message(conversation, "Есть кто?")
    assert take_due_turns() == {"taken": 0}
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    assert take_due_turns() == {"taken": 1}
    assert last_text() == "Да"
