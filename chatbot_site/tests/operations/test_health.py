"""/livez and /readyz: each part of the installation is told apart, and nothing that hangs delays the answer."""

import socket
import time
from contextlib import contextmanager
from threading import Event
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from chatbot_site.operations import health, heartbeats
from chatbot_site.operations.health import Database, Disk, DiskSpace, Migrations

# Health is looked at on connections of its own, which see what is committed.
pytestmark = pytest.mark.django_db

QUEUES = heartbeats.queue_names()
#: A machine that is busy with other tests may take longer than an installation may.
UNHURRIED = 30


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No heartbeats, and no knowledge that the database is migrated."""
    heartbeats.forget()
    monkeypatch.setattr(health, "_is_migrated", False)
    yield
    heartbeats.forget()


@pytest.fixture
def unhurried(monkeypatch):
    report = health.report
    monkeypatch.setattr(health, "report", lambda: report(UNHURRIED))


@pytest.fixture
def working(unhurried):
    """Workers of all queues, and a clock."""
    for name in [*QUEUES, heartbeats.BEAT]:
        heartbeats.note(name)


def let_pass(seconds, name):
    """The last heartbeat of a queue or the clock was so long ago."""
    cache.set(heartbeats._key(name), time.time() - seconds)


@contextmanager
def silent_port():
    """A port where a connection is taken and nothing ever said, as by a server that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_alive_without_a_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/livez").status_code == 200


def test_ready_when_everything_works(client, working):
    response = client.get("/readyz")
    found = response.json()
    assert response.status_code == 200
    assert found.pop("redis", "ok") == "ok"
    assert {name: queue["ok"] for name, queue in found.pop("queues").items()} == dict.fromkeys(QUEUES, True)
    assert found.pop("beat")["ok"]
    assert found == {"database": "ok", "disk": "ok", "migrations": "ok"}


def test_a_queue_that_nobody_works_on_has_no_age(client, unhurried):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["queues"] == {name: {"ok": False, "age": None} for name in QUEUES}


@pytest.mark.parametrize("queue", ["inbound", "outbound", "calls"])
def test_not_ready_when_nobody_answers_customers_though_all_else_works(client, working, queue):
    let_pass(45, queue)
    response = client.get("/readyz")
    assert response.status_code == 503
    queues = response.json()["queues"]
    assert [name for name in QUEUES if not queues[name]["ok"]] == [queue]
    assert 45 <= queues[queue]["age"] < 75


def test_ready_but_told_when_only_what_may_take_long_is_not_worked_on(client, working):
    let_pass(45, "bulk")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert not response.json()["queues"]["bulk"]["ok"]


def test_ready_but_told_when_the_clock_stands_still(client, working):
    let_pass(45, heartbeats.BEAT)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert not response.json()["beat"]["ok"]


def test_every_queue_on_the_way_to_an_answer_counts():
    assert health.answering_queues() == {"inbound", "outbound", "calls"}


@pytest.mark.parametrize("at", ["redis://127.0.0.1:9/0", "silent"])
def test_not_ready_when_redis_is_out_of_reach(client, unhurried, at):
    with silent_port() as port:
        location = f"redis://127.0.0.1:{port}/0" if at == "silent" else at
        backend = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}
        with override_settings(CACHES={"default": {**backend, "OPTIONS": {"socket_timeout": 1}}}):
            response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["redis"] == "unreachable"
    assert response.json()["database"] == "ok"


@pytest.mark.postgresql
def test_a_database_that_hangs_is_out_of_reach():
    with silent_port() as port, patch.dict(connection.settings_dict, {"HOST": "127.0.0.1", "PORT": port}):
        assert health.database_state() == Database.UNREACHABLE


def test_what_hangs_delays_the_answer_for_less_than_a_second(client):
    released = Event()

    def hang():
        released.wait(UNHURRIED)

    with (
        patch.object(health._database, "_ask", hang),
        patch.object(health._broker, "_ask", hang),
        patch.object(health._disk, "_ask", hang),
    ):
        began = time.monotonic()
        response = client.get("/readyz")
        taken = time.monotonic() - began
        released.set()
        for check in (health._database, health._broker, health._disk):
            check._asked.result()
    # They are waited for together, not one after the other; and a busy machine is slow.
    assert health.TIMEOUT < 1 and taken < 3 * health.TIMEOUT
    assert response.status_code == 503
    assert response.json()["database"] == "unreachable"
    assert response.json()["disk"] == "unknown"


@pytest.mark.parametrize(
    ("check", "unknown"), [(health._disk, Disk.UNKNOWN), (health._migrations, Migrations.UNKNOWN)]
)
def test_what_is_not_known_is_not_ready(client, working, check, unknown):
    with patch.object(check, "_ask", lambda: unknown):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "ok"


def test_who_asks_while_something_hangs_starts_no_second_thread(client):
    asked, released = [], Event()

    def hang():
        asked.append(1)
        released.wait(UNHURRIED)

    with patch.object(health._database, "_ask", hang):
        client.get("/readyz"), client.get("/readyz")
        released.set()
        health._database._asked.result()
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_not_ready_before_the_database_is_migrated(client, working):
    latest = MigrationLoader(connection).graph.leaf_nodes("crm")[0]
    MigrationRecorder(connection).record_unapplied(*latest)
    try:
        response = client.get("/readyz")
    finally:
        MigrationRecorder(connection).record_applied(*latest)
    assert response.status_code == 503
    assert response.json()["migrations"] == "missing"
    assert response.json()["database"] == "ok"


def test_migrations_are_looked_for_until_there_are_all():
    assert health.migration_state() == Migrations.OK
    with patch.object(health, "_new_connection", side_effect=AssertionError("asked again")):
        assert health.migration_state() == Migrations.OK


@pytest.mark.postgresql
def test_a_database_that_only_reads_is_not_ok():
    options = {**connection.settings_dict["OPTIONS"], "options": "-c default_transaction_read_only=on"}
    with patch.dict(connection.settings_dict, {"OPTIONS": options}):
        assert health.database_state() == Database.READ_ONLY


@pytest.mark.sqlite
def test_a_file_that_may_not_be_written_is_not_ok(tmp_path):
    path = tmp_path / "read_only.db"
    path.touch()
    options = {"init_command": "PRAGMA query_only=ON"}
    with patch.dict(connection.settings_dict, {"NAME": path, "OPTIONS": options}):
        assert health.database_state() == Database.READ_ONLY


@pytest.mark.sqlite
def test_a_database_to_which_somebody_writes_is_ok():
    with transaction.atomic():
        assert health.database_state() == Database.OK


@pytest.mark.parametrize(("when_full", "status"), [(Disk.FULL, 503), (Disk.MEDIA_FULL, 200), (Disk.BACKUPS_FULL, 200)])
def test_a_full_disk_is_told_and_the_databases_is_an_outage(client, working, tmp_path, when_full, status):
    space = DiskSpace(tmp_path, health.MIN_FREE_SPACE - 1, when_full)
    with patch.object(health, "disk_spaces", return_value=[space]):
        response = client.get("/readyz")
    assert response.status_code == status
    assert response.json()["disk"] == when_full


def test_the_disks_of_files_are_looked_at_also_before_there_are_any(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "not" / "yet"
    spaces = {space.path: space for space in health.disk_spaces()}
    assert spaces[settings.MEDIA_ROOT].free > 0
    assert not spaces[settings.MEDIA_ROOT].is_full


def test_health_is_not_redirected_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/livez").status_code == 200
