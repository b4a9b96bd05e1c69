"""`manage.py delete_number`. What goes and what stays is tested in chatbot_site/tests/test_deletion.py."""

import builtins

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.timezone import localtime

from accounts.models import Deletion
from accounts.testing import make_business
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    number = make_number(make_business(), name="Shop")
    WebhookEvent.objects.create(business=number.business, whatsapp_number=number, field="messages", value={})
    return number


@pytest.fixture
def types(monkeypatch):
    """Make the person at the terminal type a line; None: there is no terminal."""

    def types(line):
        def read(prompt):
            if line is None:
                raise EOFError
            return line

        monkeypatch.setattr(builtins, "input", read)

    return types


def test_the_name_deletes_it_and_a_receipt_stays(number, types, capsys):
    types("Shop")
    call_command("delete_number", number.pk)
    assert not WhatsAppNumber.objects.exists()
    receipt = Deletion.objects.get()
    assert receipt.counts == {"whatsapp_numbers": 1, "webhook_events": 1}
    assert f"Удалено записей: {receipt.total}." in capsys.readouterr().out.splitlines()[-1]


def test_the_receipts_time_is_written_as_the_language_has_it(number, capsys):
    with translation.override("ru"):
        call_command("delete_number", number.pk, "--yes")
    assert f"{localtime(Deletion.objects.get().finished_at):%d.%m.%Y %H:%M}" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["shop no more", "", "yes", None])
def test_anything_else_deletes_nothing(number, types, line):
    types(line)
    with pytest.raises(CommandError):
        call_command("delete_number", number.pk)
    assert WhatsAppNumber.objects.exists()


def test_it_shows_first_how_much_goes(number, types, capsys):
    types("")
    with pytest.raises(CommandError):
        call_command("delete_number", number.pk)
    assert f"{WebhookEvent._meta.verbose_name_plural}: 1".lower() in capsys.readouterr().out.lower()


@pytest.mark.parametrize("option", ["--yes", "--noinput", "--no-input"])
def test_it_can_be_told_not_to_ask(number, option):
    call_command("delete_number", number.pk, option)
    assert not WhatsAppNumber.objects.exists()


def test_a_number_that_is_not_there_is_said():
    with pytest.raises(CommandError, match="77"):
        call_command("delete_number", 77)
