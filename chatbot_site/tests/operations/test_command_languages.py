"""Our commands speak the installation's language: their help, what they write, and what they refuse."""

import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command, load_command_class
from django.utils import translation

from accounts.testing import make_owner
from bots.testing import make_bot
from chatbot_site.tests.operations.test_commands import OURS
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db(transaction=True)

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
#: Four words of a sentence in a row, without names of files, options and variables.
ENGLISH = re.compile(r"(?<![\w/`-])(?:[A-Za-z][a-z']*[ ,]+){3}[a-z']+(?![\w/`])")

#: Commands of Django's that we wrap.
OF_DJANGO = {"migrate"}

both_languages = pytest.mark.parametrize("language", ["ru", "en"])


def is_in(language, text):
    return not CYRILLIC.search(text) if language == "en" else bool(CYRILLIC.search(text)) and not ENGLISH.search(text)


def helps_of(parser):
    known = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    yield parser.description
    yield from (action.help for action in parser._actions if action.dest not in known)


@both_languages
@pytest.mark.parametrize(("app", "name"), [command for command in OURS if command[1] not in OF_DJANGO])
def test_the_help_of_a_command_is_in_the_language(language, app, name):
    with translation.override(language):
        parser = load_command_class(app, name).create_parser("manage.py", name)
    for text in helps_of(parser):
        assert text and is_in(language, text), text


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.MEDIA_ROOT, settings.BACKUP_DIR = tmp_path / "media", tmp_path / "backups"


#: For each command ways to call it that need nothing but a business, a number and a bot.
CALLS = [
    ["set_plan", "Nobody", "trial"],
    ["set_plan", "1x", "trial", "--until", "soon"],
    ["set_plan", "Чай", "trial", "--until", "2030-01-31"],
    ["set_plan", "Чай", "unlimited"],
    ["delete_number", "999999"],
    ["delete_number", "NUMBER", "--yes"],
    ["replay_webhooks", "--number", "999999"],
    ["replay_webhooks", "--since", "soon"],
    ["replay_webhooks"],
    ["simulate_bot", "999999"],
    ["simulate_bot", "BOT", "--answer", "call=no"],
    ["rotate_field_keys"],
    ["export_conversations", "--number", "999999"],
    ["export_conversations", "--number", "NUMBER", "--output", "/nowhere/at/all"],
    ["backup_db"],
    ["backup_db", "--keep", "0"],
    ["restore_db", "nothing.zip"],
    ["init_db"],
    ["doctor"],
    ["scenario_schema", "--file", "/nowhere/at/all"],
    ["cloud_api_simulator", "--port", "TAKEN"],
    ["merge_customers"],
    ["merge_customers", "--apply"],
    ["merge_customers", "--business", "999999"],
    ["merge_customers", "--undo", "999999"],
]


@both_languages
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_what_a_command_says_is_in_the_language(call, language, live_server, monkeypatch):
    owner = make_owner("Чай")
    number = make_number(owner.business, name="1")
    values = {"NUMBER": number.pk, "BOT": make_bot(number).pk, "TAKEN": live_server.url.rpartition(":")[2]}
    monkeypatch.setattr("builtins.input", lambda prompt="": "")
    with translation.override(language):
        said = said_by([str(values.get(word, word)) for word in call])
    # What is not ours: names that people gave, and what the operating system says.
    said = said.replace("Чай", "").replace("No such file or directory", "")
    said = said.replace(", ".join(settings.CELERY_TASK_QUEUES), "")
    assert not said or is_in(language, said), said


def said_by(arguments):
    out = StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out)
    except CommandError as error:
        # What the parser itself says of an argument is Python's.
        return out.getvalue() + str(error).replace("Error: argument --until: ", "")
    return out.getvalue()


def test_every_command_of_ours_was_called():
    # `up` serves until it is stopped; test_up looks at what it says.
    assert {call[0] for call in CALLS} | {"up"} | OF_DJANGO >= {name for _app, name in OURS}
