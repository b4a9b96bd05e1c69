import pytest
from django.core.management import CommandError, call_command

from accounts.testing import make_business
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from whatsapp.testing import make_number

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
    assert lines == ["Здравствуйте, друг!", "Какой размер?", "  1. S", "  2. M", "  3. Другой", "Как вас зовут?"]


def test_a_bot_that_is_not_there_is_a_sentence():
    with pytest.raises(CommandError, match="There is no bot 999"):
        call_command("simulate_bot", 999)


def test_drafts_with_mistakes_are_told(typed):
    bot = make_bot(make_number(make_business()))
    make_scenario(bot, document())
    typed("заказ")
    with pytest.raises(CommandError, match="steps"):
        call_command("simulate_bot", bot.pk, draft=True)
