"""A tap on a menu that was asked before leads on from there."""

import pytest

from accounts.testing import make_business
from bots.editor import scenarios
from bots.engine.effects import EndReason
from bots.models import BotSession
from bots.testing import document, make_bot, make_published_scenario
from bots.tests.runtime.chat import keyword, write
from crm.testing import make_conversation
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return make_number(make_business())


@pytest.fixture
def bot(number):
    return make_bot(number)


@pytest.fixture
def conversation(number):
    return make_conversation(number)


def tap(conversation, choice, label):
    reply = {"type": "button_reply", "button_reply": {"id": choice, "title": label}}
    return write(conversation, label, type="interactive", content={"type": "interactive", "interactive": reply})


def color_then_size(**fields):
    """Two menus and a question, and what was answered."""
    choices = {"color": ["Red", "Blue"], "size": ["S", "M"]}
    menus = [
        {
            "key": key,
            "kind": "menu",
            "text": f"{key}?",
            "save_to": key,
            "choices": [{"key": label.lower(), "label": label} for label in labels],
        }
        for key, labels in choices.items()
    ]
    ask = {"key": "name", "kind": "ask", "answer": "text", "text": "name?", "save_to": "name"}
    told = {"key": "told", "kind": "message", "text": "{{vars.name}}: {{vars.color}} {{vars.size}}"}
    return document(*menus, ask, told, **fields)


def test_a_tap_on_an_old_menu_goes_on_there_with_what_is_known(bot, conversation):
    make_published_scenario(bot, color_then_size())
    write(conversation, "hello")
    tap(conversation, "color:red", "Red")
    assert tap(conversation, "size:m", "M") == ["name?"]
    assert tap(conversation, "size:s", "S") == ["name?"]
    assert write(conversation, "Anna") == ["Anna: Red S"]
    assert BotSession.objects.count() == 1


def test_a_tap_on_the_first_of_two_menus_asks_the_second_again(bot, conversation):
    make_published_scenario(bot, color_then_size())
    write(conversation, "hello")
    tap(conversation, "color:red", "Red")
    assert tap(conversation, "color:blue", "Blue") == ["size?"]
    tap(conversation, "size:s", "S")
    assert write(conversation, "Anna") == ["Anna: Blue S"]


def test_a_tap_on_a_menu_of_the_scenario_that_ended_knows_what_was_answered(bot, conversation):
    make_published_scenario(bot, color_then_size())
    write(conversation, "hello")
    for choice, label in [("color:red", "Red"), ("size:m", "M")]:
        tap(conversation, choice, label)
    assert write(conversation, "Anna") == ["Anna: Red M"]
    assert tap(conversation, "size:s", "S") == ["name?"]
    assert write(conversation, "Vera") == ["Vera: Red S"]


def test_a_tap_on_a_menu_of_another_scenario_begins_there_without_what_is_known(bot, conversation):
    make_published_scenario(bot, color_then_size(triggers=keyword("shoes")))
    greeting = {"key": "color", "kind": "ask", "answer": "text", "text": "Which color?", "save_to": "color"}
    make_published_scenario(bot, document(greeting, {"key": "b", "kind": "ask", "answer": "text", "text": "And?"}))
    write(conversation, "hello")
    write(conversation, "Green")
    assert tap(conversation, "size:s", "S") == ["name?"]
    assert BotSession.objects.filter(end_reason=EndReason.REPLACED).count() == 1
    assert write(conversation, "Anna") == ["Anna:  S"]


def test_a_tap_on_a_menu_that_is_gone_answers_no_question(bot, conversation):
    make_published_scenario(bot, color_then_size())
    write(conversation, "hello")
    tap(conversation, "color:red", "Red")
    tap(conversation, "size:m", "M")
    for _tap in range(3):
        assert tap(conversation, "taste:sweet", "Sweet") == ["name?"]
    assert write(conversation, "Anna") == ["Anna: Red M"]


def test_a_session_goes_back_to_the_menu_of_its_own_version(bot, conversation):
    scenario = make_published_scenario(bot, color_then_size())
    write(conversation, "hello")
    tap(conversation, "color:red", "Red")
    tap(conversation, "size:m", "M")
    scenario.definition["steps"][1]["choices"][0]["next"] = "told"
    scenario.save()
    scenarios.publish(scenario, user=None)
    assert tap(conversation, "size:s", "S") == ["name?"]


def test_a_tap_on_an_old_menu_ends_a_wait(bot, conversation):
    steps = color_then_size()["steps"]
    make_published_scenario(bot, document(*steps[:2], {"key": "pause", "kind": "wait", "seconds": 60}, *steps[2:]))
    write(conversation, "hello")
    tap(conversation, "color:red", "Red")
    assert tap(conversation, "size:m", "M") == []
    assert tap(conversation, "color:blue", "Blue") == ["size?"]
    assert not BotSession.objects.get().timers.filter(kind="wait").exists()
