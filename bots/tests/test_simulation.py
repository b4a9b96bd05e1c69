import pytest

from accounts.testing import make_business
from bots.models import BotSession
from bots.scenarios import BrokenScenario
from bots.simulation import simulate
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from crm.models import Deal, Message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    return make_bot(make_number(make_business()))


def said(turns):
    return [[message.text for message in turn.answers] for turn in turns]


def test_a_chat_stores_and_sends_nothing(bot):
    make_published_scenario(bot)
    turns = simulate(bot, ["привет", "1", "Аня"])
    assert said(turns) == [
        ["Здравствуйте, друг!", "Какой размер?"],
        ["Как вас зовут?"],
        ["Спасибо, Аня! Размер S.", "До свидания!"],
    ]
    assert turns[0].answers[1].choices == ("S", "M", "Другой")
    assert not (Message.objects.exists() or Deal.objects.exists() or BotSession.objects.exists())


def test_what_was_written_down_is_known_in_the_next_scenario(bot):
    make_published_scenario(bot)
    turns = simulate(bot, ["заказ", "S", "Аня", "заказ"])
    assert said(turns)[3][0] == "Здравствуйте, Аня!"


def test_after_a_handoff_the_bot_is_silent(bot):
    make_published_scenario(bot)
    assert said(simulate(bot, ["заказ", "оператор", "алло"]))[2] == []


def test_drafts_are_tried_when_wanted(bot):
    make_scenario(bot, document({"key": "a", "kind": "message", "text": "Черновик"}))
    assert said(simulate(bot, ["привет"])) == [[]]
    assert said(simulate(bot, ["привет"], draft=True)) == [["Черновик"]]


def test_a_broken_draft_is_not_tried(bot):
    make_scenario(bot, document())
    with pytest.raises(BrokenScenario):
        simulate(bot, ["привет"], draft=True)
