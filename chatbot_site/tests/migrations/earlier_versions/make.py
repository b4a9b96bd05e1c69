"""
Makes the databases of this folder, which tests migrate forward. Run it in a clone of the version that they are to be
of (the first ones: 7d3cd93 of 29 November 2026), beside its manage.py, with the variables that tests are given, on an
empty database that is migrated, once on SQLite and once on PostgreSQL:

    PYTHONPATH=. python …/make.py 2026-11-29.sqlite.sql.gz

A demo business with its story, a row of everything that waits or is under way, broadcasts in all states, and a row of
every other table. PostgreSQL needs pg_dump.
"""

import gzip
import os
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "chatbot_site.settings"
django.setup()

from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog  # noqa: E402
from django.contrib.admin.models import CHANGE, LogEntry  # noqa: E402
from django.contrib.auth.models import Group, Permission  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Deletion, IdempotentRequest, User  # noqa: E402
from broadcasts.models import Broadcast  # noqa: E402
from broadcasts.testing import make_broadcast, make_broadcast_message  # noqa: E402
from chatbot_site import demo  # noqa: E402
from chatbot_site.tests.system.pending import make_pending  # noqa: E402
from chatbot_site.tests.tenancy.world import World  # noqa: E402
from crm.models import ConversationExport, CustomerUpload  # noqa: E402
from crm.testing import make_customer  # noqa: E402
from crm.search.index import INDEX_TABLES
from whatsapp.models import QuickSetup, WebhookEvent  # noqa: E402
from whatsapp.testing import make_number  # noqa: E402

NOW = timezone.now()

#: What pg_dump writes for psql and for a session of its own.
SKIPPED = re.compile(r"(--|\\|SET |SELECT pg_catalog\.set_config)")


def fill():
    demo.make()
    owner = User.objects.get(email="demo@example.com")
    number = make_number(
        owner.business, name="fixture number", access_token="EAAfixture", app_secret="fixture-secret", pin="123456"
    )
    make_pending(number)
    make_broadcasts(number)
    make_events(number)
    make_files(owner, number)
    make_deletions(owner, number)
    make_other_tables(owner)
    World("fixture")


def make_broadcasts(number):
    """One in every state, with a recipient in every state."""
    states = ["planned", "sending", "accepted", "sent", "delivered", "read", "failed", "unknown", "skipped"]
    for status in Broadcast.Status.values:
        broadcast = make_broadcast(number, name=f"fixture {status}", status=status)
        for serial, state in enumerate(states):
            fields = {"token": f"fixture-{broadcast.pk}-{serial}", "lease_until": NOW} if state == "sending" else {}
            make_broadcast_message(broadcast, make_customer(number.business), state, **fields)


def make_events(number):
    """Processed, and given up; those that wait are pending already."""
    facts = {"business": number.business, "whatsapp_number": number, "field": "messages", "value": {"fixture": 1}}
    WebhookEvent.objects.create(**facts, due_at=None, processed_at=NOW)
    WebhookEvent.objects.create(**facts, due_at=None, attempts=6, last_error="It failed.")


def make_files(owner, number):
    """Uploads and exports, done and under way, and a quick setup."""
    facts = {"business": owner.business, "uploaded_by": owner, "text": "phone\n+79161234567\n", "rows": 1}
    outcome = {"created": 0, "updated": 0, "failed": 0}
    CustomerUpload.objects.create(**facts, file_name="waits.csv", outcome=outcome)
    CustomerUpload.objects.create(**facts, file_name="under-way.csv", outcome=outcome, tried_at=NOW, started_at=NOW)
    done = {"tried_at": NOW, "started_at": NOW, "applied_at": NOW, "position": 1}
    CustomerUpload.objects.create(**facts, file_name="done.csv", outcome={**outcome, "created": 1}, **done)
    facts = {"business": owner.business, "requested_by": owner, "whatsapp_number": number}
    ConversationExport.objects.create(**facts, format="csv", total=10, done=5, position=5, lease_until=NOW)
    ConversationExport.objects.create(**facts, format="jsonl", total=10, done=10, finished_at=NOW)
    QuickSetup.objects.create(
        business=owner.business,
        created_by=owner,
        waba_id="102290129340398",
        access_token="EAAquick",
        app_secret="quick-secret",
        pin="654321",
        found=[{"id": "106540352242922"}],
        results=[{"step": "token", "ok": True}],
    )


def make_deletions(owner, number):
    """Of a number that is gone, and of one whose rows are going."""
    going = make_number(owner.business, name="fixture going")
    facts = {"business": owner.business, "what": "whatsapp.whatsappnumber", "requested_by": owner}
    done = {"state": "done", "done": 9, "total": 9, "counts": {"bots": 9}, "finished_at": NOW, "orphans": 0}
    Deletion.objects.create(**facts, object_id=number.pk + 1000, name="fixture gone", started_at=NOW, **done)
    under_way = {"state": "running", "done": 1, "total": 9, "started_at": NOW, "lease_until": NOW}
    Deletion.objects.create(**facts, object_id=going.pk, name="fixture going", **under_way)


def make_other_tables(owner):
    """Rows of what belongs to no business."""
    owner.groups.add(Group.objects.get_or_create(name="fixture")[0])
    permission = Permission.objects.first()
    owner.groups.get(name="fixture").permissions.add(permission)
    owner.user_permissions.add(permission)
    LogEntry.objects.log_actions(owner.pk, [owner], CHANGE, change_message="fixture", single_object=True)
    session = SessionStore()
    session["fixture"] = True
    session.set_expiry(timedelta(days=3650))
    session.save()
    facts = {"username": owner.email, "ip_address": "127.0.0.1", "user_agent": "fixture"}
    attempt = AccessAttempt.objects.create(**facts, get_data="", post_data="", failures_since_start=1)
    AccessAttemptExpiration.objects.create(access_attempt=attempt, expires_at=NOW + timedelta(days=1))
    AccessLog.objects.create(**facts)
    AccessFailureLog.objects.create(**facts)
    IdempotentRequest.objects.create(user=owner, key="fixture", fingerprint="0" * 64, status_code=201, body={"id": 1})


def empty_tables():
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - INDEX_TABLES:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")
            if not cursor.fetchone():
                yield table


def dump():
    if connection.vendor == "sqlite":
        return "\n".join(sqlite3.connect(connection.settings_dict["NAME"]).iterdump())
    options = ["--no-owner", "--no-privileges", "--schema=public", "--rows-per-insert=200"]
    text = subprocess.run(["pg_dump", *options, os.environ["DATABASE_URL"]], capture_output=True, check=True).stdout
    lines = text.decode().splitlines()
    return "\n".join(line for line in lines if not SKIPPED.match(line) and line != "CREATE SCHEMA public;")


if __name__ == "__main__":
    fill()
    print("Empty tables:", ", ".join(empty_tables()) or "none")
    with open(sys.argv[1], "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(dump().encode())
