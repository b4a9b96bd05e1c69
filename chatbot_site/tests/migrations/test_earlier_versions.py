"""
Databases that earlier versions made, with rows of every kind, are migrated to this one. earlier_versions/make.py says
how they came to be.
"""

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import Deletion, User
from bots.models import AllowedHost, BotCall, BotSession, BotTimer
from broadcasts.models import Broadcast, BroadcastMessage
from crm.customers.files.uploads import JOB as upload_job
from crm.models import ConversationExport, Message
from crm.search.index import INDEX_TABLES
from whatsapp.models import QuickSetup, WebhookEvent, WhatsAppNumber
from whatsapp.secrets import key_rotation

from chatbot_site.tests.operations.other_databases import another_database

# Together, because they share the migrated database.
pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.xdist_group("earlier versions")]

FOLDER = Path(__file__).parent / "earlier_versions"

VERSIONS = ["2026-11-29"]


@pytest.fixture(scope="module", params=VERSIONS)
def rows_before(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[dict[str, int]]:
    """The database of an earlier version, migrated, as the default one; how many rows each table had before."""
    path = FOLDER / f"{request.param}.{connection.vendor}.sql.gz"
    with django_db_blocker.unblock(), another_database(tmp_path_factory.mktemp("earlier")):
        load(gzip.decompress(path.read_bytes()).decode())
        before = rows()
        call_command("migrate", verbosity=0)
        yield before


def load(script: str) -> None:
    if connection.vendor == "sqlite":
        # Without foreign keys: a row may name one that comes later.
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as database:
            database.executescript(script)
    else:
        with connection.cursor() as cursor:
            cursor.execute(script)


def rows() -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - INDEX_TABLES:
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")
            (found[table],) = cursor.fetchone()
    return found


def test_every_table_had_rows_and_has_them_still(rows_before: dict[str, int]) -> None:
    assert [table for table, count in rows_before.items() if not count] == []
    after = rows()
    assert [table for table, count in rows_before.items() if after.get(table, 0) < count] == []


@pytest.mark.usefixtures("rows_before")
def test_no_row_names_another_that_is_not_there() -> None:
    connection.check_constraints()


@pytest.mark.usefixtures("rows_before")
def test_the_installation_finds_nothing_wrong_with_it() -> None:
    call_command("check", databases=["default"], fail_level="WARNING")
    call_command("migrate", check_unapplied=True, verbosity=0)


@pytest.mark.usefixtures("rows_before")
def test_its_secrets_can_be_read() -> None:
    assert key_rotation.first_unreadable() is None
    number = WhatsAppNumber.objects.get(name="fixture number")
    assert (number.access_token, number.app_secret, number.pin) == ("EAAfixture", "fixture-secret", "123456")
    setup = QuickSetup.objects.get(waba_id="102290129340398")
    assert (setup.access_token, setup.app_secret, setup.pin) == ("EAAquick", "quick-secret", "654321")
    assert AllowedHost.objects.get().authorization.startswith("fixture")


@pytest.mark.usefixtures("rows_before")
def test_what_waited_waits_and_what_was_done_is_done() -> None:
    number = WhatsAppNumber.objects.get(name="fixture number")
    events = WebhookEvent.objects.filter(whatsapp_number=number)
    assert (events.waiting().count(), events.parked().count(), events.exclude(processed_at=None).count()) == (2, 1, 1)
    uploads = upload_job.due().filter(business=number.business)
    assert set(uploads.values_list("file_name", flat=True)) == {"waits.csv", "under-way.csv"}
    assert ConversationExport.objects.filter(whatsapp_number=number, finished_at=None).count() == 1
    assert set(Deletion.objects.filter(name__startswith="fixture g").values_list("name", "state")) == {
        ("fixture gone", "done"),
        ("fixture going", "running"),
    }
    messages = Message.objects.filter(whatsapp_number=number)
    assert set(messages.filter(text__in=["Ждёт", "В пути"]).values_list("text", "status")) == {
        ("Ждёт", "queued"),
        ("В пути", "sending"),
    }


@pytest.mark.usefixtures("rows_before")
def test_scenarios_are_where_they_were() -> None:
    running = BotSession.objects.filter(bot__whatsapp_number__name="fixture number", ended_at=None)
    assert running.count() == 2
    assert BotTimer.objects.filter(session__in=running).exists()
    assert BotCall.objects.filter(session__in=running, attempts=0).count() == 1


@pytest.mark.usefixtures("rows_before")
def test_each_broadcast_has_its_state_and_each_recipient_theirs() -> None:
    for status in Broadcast.Status.values:
        broadcast = Broadcast.objects.get(name=f"fixture {status}")
        assert broadcast.status == status
        assert sorted(broadcast.messages.values_list("status", flat=True)) == sorted(
            set(BroadcastMessage.Status.values) - {"received", "queued"}
        )


@pytest.mark.usefixtures("rows_before")
def test_its_owner_finds_everything(client: Client) -> None:
    client.force_login(User.objects.get(email="demo@example.com"), backend="accounts.people.roles.RoleBackend")
    assert client.get("/admin/").status_code == 200
    for resource in ("whatsapp-numbers", "conversations", "broadcasts", "bots", "customers"):
        assert client.get(f"/api/v1/{resource}/").json()["results"]
