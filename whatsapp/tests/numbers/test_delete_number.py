"""`manage.py delete_number`. What goes and what stays is tested in accounts/tests/deletion/test_deletion.py."""

import builtins
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation
from django.utils.timezone import localtime

from accounts.deletion import deletion, job
from accounts.deletion.cascade import Cascade
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


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)


def test_what_is_large_it_deletes_itself_and_says_how_far_it_is(number, large, capsys):
    call_command("delete_number", number.pk, "--yes")
    assert not WhatsAppNumber.objects.exists()
    lines = capsys.readouterr().out
    assert "0 из 2" in lines and f"Удалено записей: {Deletion.objects.get().total}." in lines


def test_a_worker_that_has_it_already_is_followed(number, large, monkeypatch, capsys):
    asked = deletion.delete(number)
    Deletion.objects.update(lease_until=timezone.now() + timedelta(minutes=1))

    def the_worker_ends_it(seconds):
        Deletion.objects.update(lease_until=None)
        job.advance(asked)

    monkeypatch.setattr("time.sleep", the_worker_ends_it)
    call_command("delete_number", number.pk, "--yes")
    assert Deletion.objects.get().state == "done"


def test_ctrl_c_leaves_it_to_the_workers_and_it_goes_on_when_asked_again(number, large, monkeypatch):
    def interrupt(cascade):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(CommandError):
        patched.setattr(Cascade, "remove", interrupt)
        call_command("delete_number", number.pk, "--yes")
    assert list(job.JOB.due()) == [Deletion.objects.get()]
    call_command("delete_number", number.pk, "--yes")
    assert not WhatsAppNumber.objects.exists()


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
