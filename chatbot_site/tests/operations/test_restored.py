"""An old backup never sends: whatever waited when it was made waits for a person after it was restored."""

import gc
import time
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils.module_loading import import_string

from accounts.models import ApiToken, Business
from accounts.testing import make_business, make_owner
from bots.models import BotCall, BotSession, BotTimer
from broadcasts import lifecycle
from broadcasts.models import Broadcast, BroadcastMessage
from chatbot_site.celery import app
from chatbot_site.operations.backups import create, restore
from chatbot_site.operations.backups.database_copy import database_copy
from chatbot_site.tests.system.installation import NUMBER, make_environment, manage, rows, start
from chatbot_site.tests.system.pending import make_pending
from chatbot_site.tests.system.processes import PATIENCE
from crm.conversations import outbox
from crm.models import Conversation, MediaFile, Message, ScheduledMessage
from whatsapp.models import WebhookEvent
from whatsapp.sending import ledger
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_else_is_connected() -> None:
    """Connections that threads of earlier tests had are closed when they are collected."""
    gc.collect()


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MEDIA_ROOT, settings.BACKUP_DIR = tmp_path / "media", tmp_path / "backups"


@pytest.fixture
def number(meta):
    business = make_business()
    Business.objects.filter(pk=business.pk).update(language="en")
    number = make_number(business)
    meta.connect(number)
    make_pending(number)
    meta.said_before = len(meta.sends)
    for broadcast in number.broadcasts.select_related("template"):
        meta.approve(broadcast.template)
    return number


def test_what_a_killed_restore_left_goes_but_not_what_is_of_another_database(number):
    path, _manifest = create.make()
    folder = database_copy().folder()
    ours = folder / f".restoring-{Path(connection.settings_dict['NAME']).name}-killed"
    others = folder / ".restoring-another.sqlite3-running"
    ours.mkdir(parents=True)
    others.mkdir()
    try:
        restore.restore(path, force=True)
        assert (ours.exists(), others.exists()) == (False, True)
    finally:
        others.rmdir()


@pytest.fixture
def restored(number):
    path, _manifest = create.make()
    restore.restore(path, force=True)
    return number


@pytest.fixture
def sends(number, meta):
    """What Meta was asked to send since everything waits."""
    return lambda: meta.sends[meta.said_before :]


def fire_all_ticks():
    for tick in app.conf.beat_schedule.values():
        import_string(tick["task"])(*tick.get("args", []))


def test_without_a_restore_all_of_it_is_sent(number, sends):
    for _ in range(3):
        fire_all_ticks()
    assert len(sends()) >= 9


def test_after_a_restore_workers_send_nothing(restored, sends):
    for _ in range(3):
        fire_all_ticks()
    assert sends() == []


def test_whatever_waited_or_was_under_way_is_unknown(restored):
    open_rows = ["queued", "sending"]
    assert not Message.objects.filter(status__in=open_rows).exists()
    assert not BroadcastMessage.objects.filter(status__in=open_rows).exists()
    unknown = Message.objects.filter(status="unknown")
    assert sorted(unknown.values_list("text", flat=True)) == ["Photo", "В пути", "Ждёт"]
    assert all("backup" in message.error_title for message in unknown)


def test_what_was_to_go_out_later_waits_for_a_person(restored):
    row = ScheduledMessage.objects.get()
    assert (row.state, "Restored from a backup" in row.problem) == ("failed", True)


def test_broadcasts_are_paused_and_say_why(restored):
    states = dict(Broadcast.objects.values_list("name", "status"))
    assert states == {
        "sending": "paused",
        "due": "paused",
        "tomorrow": "paused",
        "paused": "paused",
        "planned": "planned",
        "planning": "planning",
    }
    assert all("Restored from a backup" in broadcast.paused_reason for broadcast in Broadcast.objects.all())


def test_whoever_may_have_got_a_broadcast_since_is_unknown(restored):
    states = set(BroadcastMessage.objects.values_list("broadcast__name", "status"))
    assert states == {
        ("sending", "unknown"),
        ("due", "unknown"),
        ("paused", "unknown"),
        ("tomorrow", "planned"),
        ("planned", "planned"),
        ("planning", "planned"),
    }


def test_resuming_sends_to_nobody_a_second_time(restored, sends):
    sending = Broadcast.objects.get(name="sending")
    lifecycle.resume(sending)
    fire_all_ticks()
    sending.refresh_from_db()
    assert (sending.status, sends()) == ("done", [])


def test_a_person_may_have_all_of_them_sent_again(restored, sends):
    sending = Broadcast.objects.get(name="sending")
    lifecycle.send_unknown_again(sending)
    assert sends() == []
    lifecycle.resume(sending)
    assert len(sends()) == 2


def test_a_person_may_count_all_of_them_as_sent(restored, sends):
    sending = Broadcast.objects.get(name="sending")
    lifecycle.count_unknown_as_sent(sending)
    lifecycle.resume(sending)
    fire_all_ticks()
    assert set(sending.messages.values_list("status", flat=True)) == {"sent"}
    assert sends() == []


def test_what_came_and_was_not_recorded_is_recorded_and_not_answered(restored):
    came = Message.objects.filter(text="заказ из события")
    assert came.count() == 2
    assert not Message.objects.filter(direction="in", automated_at=None).exists()
    assert not WebhookEvent.objects.waiting().exists()
    assert set(Conversation.objects.filter(messages__in=came).values_list("unread", flat=True)) == {1}


def test_scenarios_have_ended(restored):
    assert not BotTimer.objects.exists()
    assert not BotCall.objects.exists()
    assert set(BotSession.objects.values_list("end_reason", "end_step")) == {("restored", "size")}
    assert not Conversation.objects.filter(in_scenario=True).exists()


def test_a_file_that_waited_to_be_uploaded_goes_out_when_a_person_says_so(restored, sends):
    message = MediaFile.objects.get(message__direction="out").message
    outbox.send_again(message)
    fire_all_ticks()
    message.refresh_from_db()
    assert message.status != "unknown"
    assert [body["type"] for body in sends()] == ["image"]
    assert sends()[0]["image"]["id"]


def test_a_person_may_send_a_reply_again(restored, sends):
    ledger.send_again(Message.objects.get(text="Ждёт"))
    fire_all_ticks()
    assert [body["text"]["body"] for body in sends()] == ["Ждёт"]


def test_everybody_signs_in_again_and_programs_go_on(client, meta):
    owner = make_owner()
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    ApiToken.objects.create(user=owner)
    ApiToken.objects.create(user=owner, name="Shop")
    path, _manifest = create.make()
    restore.restore(path, force=True)
    assert not Session.objects.exists()
    assert [token.name for token in ApiToken.objects.all()] == ["Shop"]


#: Makes everything that would be sent at once.
SEED = f"""
from accounts.testing import make_business
from chatbot_site.tests.system.pending import make_pending
from whatsapp.testing import make_number
make_pending(make_number(make_business(), **{NUMBER!r}))
"""


@pytest.mark.processes
def test_up_on_a_restored_database_sends_nothing(tmp_path, meta):
    environment = make_environment(tmp_path, meta)
    backup = str(tmp_path / "moved.zip")
    elsewhere = {**environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'elsewhere.db'}"}
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    assert manage(environment, "backup_db", "--output", backup).wait(PATIENCE) == 0
    assert manage(elsewhere, "restore_db", backup).wait(PATIENCE) == 0
    with open(tmp_path / "log", "wb") as log:
        process = start(elsewhere, log)
        # Every tick that finds something to send comes more often.
        time.sleep(6)
        process.kill()
        process.wait()
    assert meta.sends == []
    assert rows(elsewhere, "SELECT COUNT(*) FROM messages WHERE text = 'заказ из события'") == [(2,)]
