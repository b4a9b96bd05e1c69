from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.testing import work_off
from bots.editor.labels import event_text
from bots.engine.effects import EndReason
from bots.models import BotSession, BotTimer, BotTurn
from bots.runtime import timers, turns
from bots.testing import document, make_bot, make_published_scenario
from crm.customers import customers
from crm.models import Message
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db

STEPS = [
    {"key": "thanks", "kind": "message", "text": "Спасибо!"},
    {"key": "pause", "kind": "wait", "seconds": 3600},
    {"key": "how", "kind": "end", "text": "Как вам чай?"},
]


@pytest.fixture(autouse=True)
def language():
    with translation.override("ru"):
        yield


@pytest.fixture
def conversation():
    """One where a scenario waits for an hour."""
    conversation = make_conversation()
    triggers = [{"kind": "keyword", "match": "equals", "value": "заказ"}, {"kind": "any"}]
    make_published_scenario(make_bot(conversation.whatsapp_number), document(*STEPS, triggers=triggers))
    write(conversation, "заказ")
    return conversation


def write(conversation, text):
    message = make_message(conversation, text)
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    sent = Message.objects.filter(conversation=conversation, direction="out", pk__gt=message.pk)
    return list(sent.order_by("id").values_list("text", flat=True))


def let_the_time_pass():
    BotTimer.objects.update(due_at=timezone.now())
    work_off(timers.JOB)


def last_text():
    return Message.objects.filter(direction="out").latest("id").text


def test_a_wait_is_a_row_and_goes_on_when_it_is_due(conversation):
    timer = BotTimer.objects.get()
    assert timer.kind == "wait" and timer.due_at > timezone.now() + timedelta(minutes=59)
    work_off(timers.JOB)
    assert conversation.in_scenario
    let_the_time_pass()
    assert last_text() == "Как вам чай?"
    assert BotSession.objects.get().end_reason == EndReason.FINISHED
    assert event_text(BotTurn.objects.latest("id").event) == "время ожидания прошло"


def test_a_wait_longer_than_the_scenario_s_expiry_goes_on_too(conversation):
    assert BotSession.objects.get().expires_at is None


def test_what_is_written_meanwhile_is_left_to_people_and_the_wait_goes_on(conversation):
    assert write(conversation, "спасибо") == []
    assert BotTurn.objects.latest("id").event["kind"] == "while_waiting"
    assert conversation.in_scenario
    let_the_time_pass()
    assert last_text() == "Как вам чай?"


def test_a_keyword_begins_anew_and_the_old_wait_is_over(conversation):
    old = BotTimer.objects.get()
    assert write(conversation, "заказ") == ["Спасибо!"]
    assert BotSession.objects.filter(end_reason=EndReason.REPLACED).count() == 1
    assert not BotTimer.objects.filter(pk=old.pk).exists()
    assert BotTimer.objects.count() == 1


def test_a_timer_of_an_earlier_turn_is_ignored(conversation):
    BotTimer.objects.update(turn=0)
    let_the_time_pass()
    assert last_text() == "Спасибо!"


def test_an_opt_out_word_ends_the_wait_without_a_word(conversation):
    assert write(conversation, "Стоп") == []
    assert BotSession.objects.get().end_reason == EndReason.OPTED_OUT
    assert not BotTimer.objects.exists() and not conversation.in_scenario
    assert BotTurn.objects.latest("id").event == {"kind": "opt_out", "text": "Стоп"}


def test_who_opted_out_otherwise_meanwhile_is_not_written_to(conversation):
    customers.opt_out(conversation.customer)
    let_the_time_pass()
    assert last_text() == "Спасибо!"
    assert BotSession.objects.get().end_reason == EndReason.OPTED_OUT


def test_where_a_person_took_over_meanwhile_the_bot_says_nothing(conversation):
    conversation.bot_paused = True
    conversation.save()
    let_the_time_pass()
    assert last_text() == "Спасибо!"
    assert BotSession.objects.get().end_reason == EndReason.HANDED_OFF


def test_an_operator_word_calls_a_person_while_it_waits(conversation):
    write(conversation, "оператор")
    assert conversation.bot_paused
    assert BotSession.objects.get().end_reason == EndReason.HANDED_OFF
