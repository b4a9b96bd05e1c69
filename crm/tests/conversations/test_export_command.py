"""`manage.py export_conversations`."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from crm.conversations import export_writer
from crm.management.commands import export_conversations
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    conversation = make_conversation()
    make_message(conversation, "Привет")
    return conversation.whatsapp_number


def export(number, **options):
    call_command("export_conversations", number=number.pk, **options)
    number.refresh_from_db()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_command_writes_a_file_and_that_is_written_down(number, tmp_path):
    output = tmp_path / "conversations.csv"

    export(number, output=str(output))

    assert output.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "Привет" in output.read_text("utf-8")
    assert number.exported_at
    assert list(tmp_path.iterdir()) == [output]


def test_the_command_writes_to_standard_output(number):
    out = io.StringIO()

    export(number, format="jsonl", stdout=out)

    _conversation, message, total = map(json.loads, out.getvalue().splitlines())
    assert (message["text"], total["total"]["messages"]) == ("Привет", 1)
    assert number.exported_at


def test_the_command_says_which_number_is_missing():
    with pytest.raises(CommandError, match="999"):
        call_command("export_conversations", number=999)


def test_the_command_says_when_the_file_cannot_be_written(number, tmp_path):
    with pytest.raises(CommandError, match=str(tmp_path)):
        export(number, output=str(tmp_path))
    with pytest.raises(CommandError, match="folder.csv"):
        export(number, output=str(tmp_path / "no" / "folder.csv"))


def test_a_file_that_was_there_stays_when_the_new_one_is_not_finished(number, tmp_path, monkeypatch):
    output = tmp_path / "conversations.csv"
    output.write_text("the last one")

    def stopped(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(export_writer.ExportWriter, "total", stopped)
    with pytest.raises(KeyboardInterrupt):
        export(number, output=str(output))

    number.refresh_from_db()
    assert (output.read_text(), number.exported_at) == ("the last one", None)
    assert list(tmp_path.iterdir()) == [output]


def test_a_terminal_shows_how_far_a_long_export_is(number, tmp_path, monkeypatch):
    monkeypatch.setattr(export_conversations, "PROGRESS_INTERVAL", 0)
    terminal = Terminal()

    export(number, output=str(tmp_path / "conversations.csv"), stderr=terminal)

    assert terminal.getvalue().endswith("\r1 из 1 сообщений\n")


def test_without_a_terminal_nothing_but_the_file_is_written(number, monkeypatch):
    monkeypatch.setattr(export_conversations, "PROGRESS_INTERVAL", 0)
    errors = io.StringIO()

    export(number, stdout=io.StringIO(), stderr=errors)

    assert errors.getvalue() == ""


def test_a_reader_that_has_enough_ends_it_in_silence(number, monkeypatch, tmp_path):
    class Enough(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", (tmp_path / "out").open("w"))

    export(number, stdout=Enough())

    assert number.exported_at is None
