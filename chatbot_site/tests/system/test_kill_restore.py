"""kill -9 in the middle of a restore: the database is the one before or the restored one, which sends nothing."""

import os
import random
import time

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import Business
from accounts.testing import make_business
from broadcasts.models import Broadcast
from chatbot_site.operations.backups import create
from chatbot_site.tests.operations.other_databases import another_database
from chatbot_site.tests.system.compose import database_url
from chatbot_site.tests.system.installation import manage
from chatbot_site.tests.system.pending import make_pending
from chatbot_site.tests.system.processes import PATIENCE
from crm.models import Message
from whatsapp.testing import make_number

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

KILLS = 5

OPEN = ["queued", "sending"]


def test_killed_at_any_moment_it_leaves_nothing_that_sends_by_itself(tmp_path, settings, meta):
    settings.BACKUP_DIR, settings.MEDIA_ROOT = tmp_path / "backups", tmp_path / "media"
    with another_database(tmp_path):
        call_command("migrate", verbosity=0)
        make_pending(make_number(make_business()))
        path, _manifest = create.make()
        make_newer()
        started_at = time.monotonic()
        assert start_restoring(path, tmp_path).wait(PATIENCE) == 0
        seconds = time.monotonic() - started_at
        assert is_restored()
        for _ in range(KILLS):
            make_newer()
            process = start_restoring(path, tmp_path)
            time.sleep(random.uniform(0.2, 1) * seconds)
            process.kill()
            process.wait()
            assert is_restored() or is_as_before()
        assert start_restoring(path, tmp_path).wait(PATIENCE) == 0
        assert is_restored()


def make_newer():
    """What came after the backup, beside rows that are sent when nobody hinders it."""
    Business.objects.create(name="Newer")
    Message.objects.filter(text="Ждёт").update(status="queued")
    Broadcast.objects.filter(name="sending").update(status="sending")
    connection.close()


def is_as_before():
    return Business.objects.filter(name="Newer").exists() and Message.objects.filter(status__in=OPEN).exists()


def is_restored():
    going_on = Broadcast.objects.filter(status__in=["sending", "scheduled"])
    will_send = going_on.exists() or Message.objects.filter(status__in=OPEN).exists()
    return not Business.objects.filter(name="Newer").exists() and not will_send


def start_restoring(path, folder):
    connection.close()
    is_file = connection.vendor == "sqlite"
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}" if is_file else database_url(),
        "BACKUP_DIR": str(folder / "backups"),
        "MEDIA_ROOT": str(folder / "media"),
    }
    return manage(environment, "restore_db", str(path), "--force")
