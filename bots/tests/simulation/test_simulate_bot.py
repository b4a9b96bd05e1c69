import pytest
from django.core.management import CommandError, call_command

from accounts.testing import make_business, make_owner
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from whatsapp.testing import make_number

TIMEOUT = {"seconds": 60, "next": "bye"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def typed(monkeypatch):
    """What is typed into the terminal, line by line."""

    def type_in(*lines):
        waiting = iter([*lines, ""])
        monkeypatch.setattr("builtins.input", lambda prompt: next(waiting))

    return type_in


def test_a_chat_in_the_terminal(typed, capsys):
    bot = make_bot(make_number(make_business()))
    make_published_scenario(bot)
    typed("заказ", "1")
    call_command("simulate_bot", bot.pk)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Здравствуйте, друг!",
        "Какой размер?",
        "  1. S",
        "  2. M",
        "  3. Другой",
        "  [ждёт ответа 1 час]",
        "Как вас зовут?",
    ]


def test_time_passes_when_it_is_told_to_and_services_answer_as_told(typed, capsys):
    bot = make_bot(make_number(make_owner(language="en").business))
    steps = [
        {"key": "call", "kind": "http", "method": "GET", "url": "https://a.example.com/", "save_to": "reply"},
        {"key": "wait", "kind": "wait", "seconds": 86400},
        {"key": "ask", "kind": "ask", "answer": "text", "text": "{{vars.reply.title}}?", "timeout": TIMEOUT},
        {"key": "bye", "kind": "end", "text": "Bye"},
    ]
    make_published_scenario(bot, document(*steps))
    typed("hi", "/skip")
    call_command("simulate_bot", bot.pk, answer=['call={"title": "Tea"}'])
    assert capsys.readouterr().out.splitlines() == [
        "  [calls the service: GET https://a.example.com/]",
        "  [waits 1 day]",
        "Tea?",
        "  [waits 1 minute for the answer]",
        "Bye",
        "  [ended at “bye”: the scenario came to its end]",
    ]


def test_an_answer_that_is_no_json_is_a_sentence():
    bot = make_bot(make_number(make_business()))
    with pytest.raises(CommandError, match="call={"):
        call_command("simulate_bot", bot.pk, answer=["call=nonsense"])


def test_a_bot_that_is_not_there_is_a_sentence():
    with pytest.raises(CommandError, match="999"):
        call_command("simulate_bot", 999)


def test_drafts_with_mistakes_are_told(typed):
    bot = make_bot(make_number(make_business()))
    make_scenario(bot, document())
    typed("заказ")
    with pytest.raises(CommandError, match="steps"):
        call_command("simulate_bot", bot.pk, draft=True)
