"""The doctor looks, says what is broken and what to do, and calls nothing right that it did not look at."""

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
import redis
from cryptography.fernet import Fernet
from django.conf import settings as project_settings
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_administrator, make_owner
from chatbot_site.operations import health, heartbeats
from chatbot_site.operations.backups import create
from chatbot_site.operations.doctor import examination, services, storage
from chatbot_site.templatetags.installation import with_code
from chatbot_site.tests.operations.test_checks import GOOD
from chatbot_site.tests.system.processes import free_port
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = [check.key for check in examination.CHECKS]
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def _installation(settings, tmp_path):
    settings.MEDIA_ROOT, settings.BACKUP_DIR = tmp_path / "media", tmp_path / "backups"
    settings.PUBLIC_URL = f"http://127.0.0.1:{free_port()}"
    heartbeats.forget()


def look(key):
    (line,) = [line for line in examination.examine() if line.check == key]
    return line


def state_of(key):
    return str(look(key).state)


def test_every_line_says_how_it_stands_and_what_to_do_about_what_is_not_right():
    for line in examination.examine():
        assert line.text
        assert bool(line.action) == (line.state != "ok"), line


def test_the_list_for_programs_has_every_check(capsys):
    with pytest.raises(CommandError):
        call_command("doctor", as_json=True)
    lines = json.loads(capsys.readouterr().out)
    assert [line["check"] for line in lines] == KEYS
    assert {tuple(line) for line in lines} == {("check", "state", "text", "action")}
    assert {line["state"] for line in lines} <= {"ok", "warning", "broken"}


def test_people_are_told_in_one_line_each(capsys):
    with pytest.raises(CommandError):
        call_command("doctor")
    assert len(capsys.readouterr().out.splitlines()) == len(KEYS)


def test_what_cannot_be_looked_at_is_not_called_right(monkeypatch):
    monkeypatch.setattr(examination, "CHECKS", [examination.Check("disk", lambda: 1 / 0)])
    (line,) = examination.examine()
    assert line.state == "warning" and "division by zero" in line.text


def doctor(**environment):
    known = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=project_settings.BASE_DIR,
        env={**known, **GOOD, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.processes
@pytest.mark.parametrize(
    ("environment", "broken", "not_looked_at"),
    [
        ({"DATABASE_URL": "postgres://127.0.0.1:1/none"}, "database", ["keys", "tokens", "webhooks", "work"]),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "broker", ["worker", "ticks"]),
        ({"DATABASE_URL": "foo"}, "settings", ["keys", "tokens", "webhooks", "work"]),
        ({"SECRET_KEY": ""}, "settings", []),
    ],
)
def test_with_something_away_it_looks_at_the_rest(environment, broken, not_looked_at, tmp_path):
    answer = doctor(**{"DATABASE_URL": f"sqlite:///{tmp_path}/none.db", **environment})
    states = {line["check"]: line["state"] for line in json.loads(answer.stdout)}
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    assert states[broken] == "broken"
    assert [states[key] for key in not_looked_at] == ["warning"] * len(not_looked_at)
    assert list(states) == KEYS


# The site


def test_without_a_heartbeat_worker_and_ticks_are_broken():
    assert (state_of("worker"), state_of("ticks")) == ("broken", "broken")


def test_with_heartbeats_worker_and_ticks_are_right():
    for name in (*heartbeats.queue_names(), heartbeats.BEAT):
        heartbeats.note(name)
    assert (state_of("worker"), state_of("ticks")) == ("ok", "ok")


def test_a_queue_that_nobody_works_on_is_named(settings):
    for name in heartbeats.queue_names()[1:]:
        heartbeats.note(name)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    line = services.worker()
    assert line.state == "broken" and "inbound" in line.text and "outbound" not in line.text


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("database_state", health.Database.READ_ONLY), ("migration_state", health.Migrations.MISSING)],
)
def test_a_database_that_is_read_only_or_not_migrated_is_broken(monkeypatch, asked, answer):
    assert services.database().state == "ok"
    monkeypatch.setattr(health, asked, lambda: answer)
    assert services.database().state == "broken"


@pytest.mark.parametrize(("policy", "state"), [("allkeys-lru", "warning"), ("noeviction", "ok")])
def test_a_redis_that_throws_work_away_is_a_warning(settings, monkeypatch, policy, state):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    memory = {"maxmemory": 1_000_000, "maxmemory_policy": policy}
    monkeypatch.setattr(redis.Redis, "info", lambda self, section: memory)
    assert str(services.broker().state) == state


def test_the_address_is_asked(live_server, settings):
    assert state_of("address") == "broken"
    settings.PUBLIC_URL = live_server.url
    line = look("address")
    assert line.state == "warning" and "https" in line.action


def test_another_program_at_the_address_is_not_ours(live_server, settings):
    settings.PUBLIC_URL = f"{live_server.url}/admin/login/?next="
    assert state_of("address") == "broken"


# What is stored


@pytest.mark.parametrize("folder", ["MEDIA_ROOT", "BACKUP_DIR"])
@pytest.mark.parametrize(("free", "state"), [(5e10, "ok"), (5e8, "warning"), (1e8, "broken")])
def test_the_fullest_disk_counts(monkeypatch, settings, folder, free, state):
    full = getattr(settings, folder)
    full.mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free if path == full else 5e10))
    assert str(storage.disk().state) == state


def test_a_folder_that_may_not_be_written_is_named(monkeypatch, settings):
    settings.MEDIA_ROOT.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != settings.MEDIA_ROOT)
    line = storage.disk()
    assert line.state == "broken" and str(settings.MEDIA_ROOT) in line.text


def test_without_a_backup_nothing_of_it_is_right():
    assert (state_of("backups"), state_of("backup_contents")) == ("warning", "warning")


def test_a_new_backup_is_read():
    create.make()
    assert (state_of("backups"), state_of("backup_contents")) == ("ok", "ok")


def test_an_old_backup_is_a_warning():
    path, _manifest = create.make()
    os.utime(path, (time.time() - 3 * 24 * 3600,) * 2)
    assert state_of("backups") == "warning"


def test_a_backup_that_was_cut_off_is_broken():
    path, _manifest = create.make()
    os.truncate(path, path.stat().st_size // 2)
    assert (state_of("backups"), state_of("backup_contents")) == ("broken", "broken")


def test_a_backup_in_which_a_byte_changed_is_broken():
    path, _manifest = create.make()
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    assert state_of("backup_contents") == "broken"


def test_keys_that_open_nothing_are_broken(settings):
    make_number(make_owner().business)
    assert state_of("keys") == "ok"
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert state_of("keys") == "broken"


# Mail


def test_mail_that_no_server_takes_is_a_warning():
    assert state_of("mail") == "warning"


def test_a_mail_server_that_is_away_is_broken(settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
    assert state_of("mail") == "broken"


@pytest.mark.parametrize(("sender", "state"), [("webmaster@localhost", "warning"), ("info@example.com", "ok")])
def test_the_sender_is_one_that_others_take(settings, monkeypatch, sender, state):
    settings.EMAIL_BACKEND, settings.DEFAULT_FROM_EMAIL = SMTP, sender
    monkeypatch.setattr(f"{SMTP}.open", lambda self: True)
    assert state_of("mail") == state


# Numbers and work


@pytest.fixture
def numbers():
    business = make_owner("Чай").business
    numbers = [make_number(business, name=f"Line {serial}") for serial in (1, 2)]
    WhatsAppNumber.objects.update(subscribed_apps=["Ours"], checked_at=timezone.now())
    return numbers


def test_numbers_in_order_are_right(numbers):
    assert (state_of("tokens"), state_of("webhooks")) == ("ok", "ok")


def test_one_expired_token_is_a_warning_that_names_the_number(numbers):
    WhatsAppNumber.objects.filter(pk=numbers[0].pk).update(token_expires_at=timezone.now())
    line = look("tokens")
    assert line.state == "warning"
    assert "Чай" in line.text and "Line 1" in line.text and "Line 2" not in line.text


def test_when_every_token_is_expired_it_is_broken(numbers):
    WhatsAppNumber.objects.update(token_expires_at=timezone.now())
    assert state_of("tokens") == "broken"


def test_webhooks_that_go_to_no_app_are_said(numbers):
    WhatsAppNumber.objects.filter(pk=numbers[0].pk).update(subscribed_apps=[])
    assert state_of("webhooks") == "warning"


def test_of_many_numbers_a_few_are_named(numbers):
    for serial in range(3, 8):
        make_number(numbers[0].business, name=f"Line {serial}")
    WhatsAppNumber.objects.update(token_expires_at=timezone.now())
    assert look("tokens").text.count("Line ") == 3


def test_events_that_wait_for_long_are_broken_and_those_given_up_a_warning(numbers):
    event = WebhookEvent.objects.create(
        business=numbers[0].business,
        whatsapp_number=numbers[0],
        field="messages",
        value={},
        due_at=timezone.now() - timedelta(minutes=20),
    )
    assert state_of("work") == "broken"
    WebhookEvent.objects.filter(pk=event.pk).update(due_at=None)
    assert state_of("work") == "warning"


# The pages


def shown_on(page):
    return [key for key in KEYS if f'data-check="{key}"' in page.content.decode()]


def test_a_platform_administrator_sees_it_first(client):
    client.force_login(make_administrator())
    page = client.get(reverse("admin:index"))
    assert shown_on(page) == [check.key for check in examination.CHECKS if not check.is_slow]
    assert reverse("admin:doctor") in page.content.decode()


def test_a_page_of_its_own_looks_at_everything(client):
    client.force_login(make_administrator())
    assert shown_on(client.get(reverse("admin:doctor"))) == KEYS


def test_pages_show_commands_as_code(client):
    client.force_login(make_administrator())
    page = client.get(reverse("admin:index")).content.decode()
    installation = page[page.index('class="installation"') :]
    assert "<code>python manage.py backup_db</code>" in installation
    assert "`" not in installation


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("Run `a` or `b`.", "Run <code>a</code> or <code>b</code>."),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("It is ` alone.", "It is ` alone."),
        ("", ""),
    ],
)
def test_what_stands_between_backticks_is_code_and_all_is_escaped(sentence, html):
    assert with_code(sentence) == html


def test_the_list_of_failed_sign_ins_has_a_heading_in_words(client):
    client.force_login(make_administrator())
    page = client.get(reverse("admin:index"))
    assert "Axes" not in [app["name"] for app in page.context["app_list"]]


def test_owners_see_nothing_of_it(client):
    client.force_login(make_owner())
    assert shown_on(client.get(reverse("admin:index"))) == []
    assert client.get(reverse("admin:doctor")).status_code == 403
