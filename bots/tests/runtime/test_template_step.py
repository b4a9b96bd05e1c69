from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import work_off
from bots.editor import scenarios
from bots.editor.labels import effect_text
from bots.engine.effects import EndReason
from bots.models import BotSession, BotTimer, BotTurn
from bots.runtime import timers, turns
from bots.simulation.simulation import simulate
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from crm.models import Message
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_template

pytestmark = pytest.mark.django_db

READY = {"key": "tpl", "kind": "template", "template": "ready", "language": "ru", "parameters": {"1": "{{vars.name}}"}}
STEPS = [
    {"key": "name", "kind": "ask", "answer": "text", "text": "Имя?", "save_to": "name"},
    {"key": "pause", "kind": "wait", "seconds": 2 * 86400},
    READY,
    {"key": "bye", "kind": "end"},
]


@pytest.fixture
def conversation():
    return make_conversation()


@pytest.fixture
def bot(conversation):
    return make_bot(conversation.whatsapp_number)


def template(bot, **fields):
    fields = {"name": "ready", "language": "ru", **fields}
    return make_template(bot.whatsapp_number, "{{1}}, заказ готов!", **fields)


def wait_two_days(bot, conversation):
    """The customer said their name two days ago."""
    make_published_scenario(bot, document(*STEPS))
    for text in ("привет", "Аня"):
        make_message(conversation, text)
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    conversation.last_inbound_at = timezone.now() - timedelta(days=2)
    conversation.save()
    BotTimer.objects.update(due_at=timezone.now())
    work_off(timers.JOB)
    conversation.refresh_from_db()


def test_a_template_is_sent_after_a_wait_though_the_window_is_closed(bot, conversation):
    template(bot)
    wait_two_days(bot, conversation)
    message = Message.objects.filter(direction="out").latest("id")
    assert (message.type, message.text, message.origin) == ("template", "Аня, заказ готов!", "bot")
    assert message.content["template"]["components"][0]["parameters"] == [{"type": "text", "text": "Аня"}]
    assert not conversation.bot_paused
    assert BotSession.objects.get().end_reason == EndReason.FINISHED


@pytest.mark.parametrize("fields", [{"status": "PAUSED"}, {"language": "en"}, {"waba_id": "1"}])
def test_without_an_approved_template_a_person_is_called_and_the_log_names_the_step(bot, conversation, fields):
    made = template(bot)
    type(made).objects.filter(pk=made.pk).update(**fields)
    wait_two_days(bot, conversation)
    assert conversation.bot_paused and conversation.unread
    session = BotSession.objects.get()
    assert (session.end_reason, session.end_step) == (EndReason.ERROR, "tpl")
    told = [effect_text(effect) for effect in BotTurn.objects.latest("id").effects]
    assert "tpl" in told[0] and "ready" in told[0]


def test_an_empty_parameter_calls_a_person(bot, conversation):
    template(bot)
    make_published_scenario(bot, document({"key": "hi", "kind": "message", "text": "Привет"}, READY))
    make_message(conversation, "привет")
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    assert conversation.bot_paused
    assert Message.objects.get(direction="out").text == "Привет"
    assert BotTurn.objects.get().effects[1]["effect"] == "Refused"


def problems(bot, step):
    report = scenarios.check(make_scenario(bot, document(step, {"key": "bye", "kind": "end"})))
    return [(problem.path, problem.code) for problem in (*report.errors, *report.warnings)]


def test_a_template_that_is_not_there_is_a_warning_and_one_that_needs_more_an_error(bot):
    step = {**READY, "parameters": {"1": "Аня"}}
    assert problems(bot, step) == [("steps[0].template", "no_template")]
    template(bot)
    assert problems(bot, step) == []
    assert problems(bot, {**step, "parameters": {}}) == [("steps[0].parameters", "missing_parameters")]


def test_trying_it_out_shows_the_template_s_text(bot):
    template(bot)
    make_published_scenario(bot, document(*STEPS))
    turns = simulate(bot, ["привет", "Аня"])
    assert [message.text for message in turns[1].answers] == ["Аня, заказ готов!"]


def test_trying_it_out_shows_that_the_template_is_missing(bot):
    make_published_scenario(bot, document(*STEPS))
    last = simulate(bot, ["привет", "Аня"])[1].effects[-3:]
    assert [type(effect).__name__ for effect in last] == ["Refused", "HandOff", "End"]
