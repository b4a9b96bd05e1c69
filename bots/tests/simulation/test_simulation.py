import pytest

from accounts.testing import make_business
from bots.editor.scenarios import BrokenScenario
from bots.engine.effects import Call
from bots.models import BotSession
from bots.simulation.simulation import simulate
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


CALL = {
    "key": "call",
    "kind": "http",
    "method": "GET",
    "url": "https://api.example.com/",
    "save_to": "reply",
    "failed": "sorry",
}
ENDS = [
    {"key": "fine", "kind": "end", "text": "Номер {{vars.reply.number}}"},
    {"key": "sorry", "kind": "end", "text": "Не вышло"},
]


def test_nobody_is_called_and_it_goes_on_as_after_a_failure(bot):
    make_published_scenario(bot, document(CALL, *ENDS))
    (turn,) = simulate(bot, ["привет"])
    assert [message.text for message in turn.answers] == ["Не вышло"]
    assert Call("call", "GET", "https://api.example.com/", wants_json=True) in turn.effects


def test_a_service_answers_as_it_is_told_to(bot):
    make_published_scenario(bot, document(CALL, *ENDS))
    assert said(simulate(bot, ["привет"], answers={"call": {"number": 7}})) == [["Номер 7"]]


def test_a_wait_passes_at_once_and_the_time_to_answer_when_told(bot):
    steps = [
        {"key": "pause", "kind": "wait", "seconds": 86400},
        {"key": "ask", "kind": "ask", "answer": "text", "text": "?", "timeout": {"seconds": 60, "next": "late"}},
        {"key": "fine", "kind": "end", "text": "Спасибо"},
        {"key": "late", "kind": "end", "text": "Поздно"},
    ]
    make_published_scenario(bot, document(*steps))
    assert said(simulate(bot, ["привет", "/skip", "/skip"])) == [["?"], ["Поздно"], []]
    assert said(simulate(bot, ["привет", "да"])) == [["?"], ["Спасибо"]]


def test_waits_in_a_circle_come_to_an_end(bot):
    steps = [
        {"key": "pause", "kind": "wait", "seconds": 86400},
        {"key": "say", "kind": "message", "text": "Напоминаю", "next": "pause"},
    ]
    make_published_scenario(bot, document(*steps))
    assert 1 < len(simulate(bot, ["привет"])[0].answers) <= 20


def test_tags_that_were_added_count_and_an_opt_out_word_silences(bot):
    steps = [
        {"key": "tag", "kind": "set", "add_tags": ["vip"]},
        {
            "key": "if",
            "kind": "condition",
            "rules": [{"field": "customer.tags", "op": "in_tags", "value": "vip"}],
            "then": "yes",
            "otherwise": "no",
        },
        {"key": "yes", "kind": "end", "text": "Да"},
        {"key": "no", "kind": "end", "text": "Нет"},
    ]
    make_published_scenario(bot, document(*steps))
    bot.business.confirms_opt_out = False
    assert said(simulate(bot, ["привет", "стоп"])) == [["Да"], []]


def test_an_opt_out_is_confirmed_once_and_so_is_taking_it_back(bot):
    make_published_scenario(bot, document({"key": "a", "kind": "message", "text": "Да"}))
    bot.business.opt_out_text, bot.business.opt_in_text = "Больше не пишем.", "Снова пишем."
    bot.business.opt_out_words = ["хватит"]
    chat = simulate(bot, ["старт", "хватит", "стоп", "привет", "старт", "старт"])
    assert said(chat) == [["Да"], ["Больше не пишем."], [], ["Да"], ["Снова пишем.", "Да"], ["Да"]]


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        (["заказ", "/tap size:m M"], ["Как вас зовут?"]),
        (["заказ", "M", "/tap size:s S"], ["Как вас зовут?"]),
        (["заказ", "M", "/tap gone:s S"], ["Как вас зовут?"]),
        (["заказ", "M", "Аня", "/tap size:s S"], ["Как вас зовут?"]),
        (["заказ", "/tap M"], ["Выберите из списка"]),
    ],
)
def test_a_tap_is_taken_as_in_a_real_conversation(bot, messages, answer):
    make_published_scenario(bot)
    assert said(simulate(bot, messages))[-1] == answer
