"""Whether the process lives, and whether the installation can do its work."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import load_backend
from django.http import HttpRequest, HttpResponse, JsonResponse

from bots.runtime import http_calls
from chatbot_site.celery import app

from . import heartbeats
from .bounded import BoundedCheck
from .outages import is_of_redis

#: How long /readyz waits for its checks (seconds); what has not answered by then counts as unreachable.
TIMEOUT = 0.8

#: How long a check waits for a connection to the database, or for SQLite's other writers (seconds).
CONNECT_TIMEOUT = 2
BUSY_TIMEOUT = 0.3

#: A disk with less room (bytes) is full: what SQLite's log of writes grows to (wal_autocheckpoint) must fit.
MIN_FREE_SPACE = 4 * 1024 * 1024

#: The tasks between a customer's message and its answer. Unless their queues have workers, nobody is answered.
ANSWERING_TASKS = (
    "whatsapp.webhooks.tasks.process_events",
    "bots.runtime.tasks.take_turns",
    "whatsapp.sending.tasks.deliver",
)


class Database(StrEnum):
    OK = "ok"
    UNREACHABLE = "unreachable"
    READ_ONLY = "read-only"


class Migrations(StrEnum):
    OK = "ok"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Disk(StrEnum):
    OK = "ok"
    FULL = "full"
    MEDIA_FULL = "media full"
    BACKUPS_FULL = "backups full"
    UNKNOWN = "unknown"


class Redis(StrEnum):
    OK = "ok"
    UNREACHABLE = "unreachable"
    UNUSED = "unused"


@dataclass(frozen=True)
class DiskSpace:
    """Free bytes where the files of one kind are. `when_full` is the state in /readyz if there are too few."""

    path: Path
    free: int
    when_full: Disk

    @property
    def is_full(self) -> bool:
        return self.free < MIN_FREE_SPACE


@dataclass(frozen=True)
class Heartbeat:
    """How many seconds ago a queue was last worked on, or the clock last ticked; None when it is not known."""

    age: float | None

    @property
    def ok(self) -> bool:
        return self.age is not None and self.age <= heartbeats.MAX_AGE

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "age": None if self.age is None else round(self.age, 1)}


@dataclass(frozen=True)
class Broker:
    """The heartbeats of queues and clock in Redis; without it, those of this process."""

    redis: Redis
    queues: dict[str, Heartbeat]
    beat: Heartbeat


@dataclass(frozen=True)
class Report:
    """How the parts of the installation stand."""

    database: Database
    migrations: Migrations
    disk: Disk
    broker: Broker

    @property
    def is_ready(self) -> bool:
        """Whether customers are answered."""
        return (
            self.database == Database.OK
            and self.migrations == Migrations.OK
            and self.disk not in (Disk.FULL, Disk.UNKNOWN)
            and self.broker.redis != Redis.UNREACHABLE
            and all(self.broker.queues[name].ok for name in answering_queues())
        )

    def as_json(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"database": self.database, "disk": self.disk, "migrations": self.migrations}
        if self.broker.redis != Redis.UNUSED:
            facts["redis"] = self.broker.redis
        queues = {name: heartbeat.as_json() for name, heartbeat in self.broker.queues.items()}
        return {**facts, "queues": queues, "beat": self.broker.beat.as_json()}


def answering_queues() -> set[str]:
    """The queues on the way from a customer's message to its answer."""
    queues = {app.amqp.router.route({}, task)["queue"].name for task in ANSWERING_TASKS}
    return {*queues, http_calls.JOB.queue}


# --- Each check by itself; it may hang --------------------------------------------------------------------


@contextmanager
def _new_connection() -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own, which proves that a new one is possible, and does not wait long."""
    given = connections.settings["default"]
    is_sqlite = given["ENGINE"].endswith("sqlite3")
    limits = {"timeout": BUSY_TIMEOUT} if is_sqlite else {"connect_timeout": CONNECT_TIMEOUT}
    config = {**given, "OPTIONS": {**given.get("OPTIONS", {}), **limits}}
    with closing(load_backend(given["ENGINE"]).DatabaseWrapper(config, "default")) as connection:
        yield connection


def database_state() -> Database:
    """Whether the database accepts writes."""
    try:
        with _new_connection() as connection:
            return Database.OK if _is_writable(connection) else Database.READ_ONLY
    except Error:
        return Database.UNREACHABLE


def _is_writable(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean")
            return not cursor.fetchone()[0]
        try:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        except OperationalError as error:
            # Locked by another writer: so it accepts writes.
            if "locked" not in str(error):
                return False
        return True


_is_migrated = False


def migration_state() -> Migrations:
    """Whether the database has all migrations of this code. Once it has, it is not asked again."""
    global _is_migrated
    if _is_migrated:
        return Migrations.OK
    try:
        with _new_connection() as connection:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return Migrations.MISSING
    except Error:
        return Migrations.UNKNOWN
    _is_migrated = True
    return Migrations.OK


def disk_spaces() -> list[DiskSpace]:
    """The free space where this process writes, the most important first. Raises OSError."""
    database = connections.settings["default"]
    places = [(settings.MEDIA_ROOT, Disk.MEDIA_FULL), (settings.BACKUP_DIR, Disk.BACKUPS_FULL)]
    if database["ENGINE"].endswith("sqlite3"):
        places.insert(0, (Path(database["NAME"]).parent, Disk.FULL))
    return [DiskSpace(Path(path), _free_space(Path(path)), when_full) for path, when_full in places]


def _free_space(path: Path) -> int:
    """Bytes that this user may write there. A folder that does not exist yet will be on its parent's disk."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def disk_state() -> Disk:
    try:
        return next((space.when_full for space in disk_spaces() if space.is_full), Disk.OK)
    except OSError:
        return Disk.UNKNOWN


def broker_state() -> Broker:
    """The heartbeats of every queue and of the clock; without Redis, those of this process alone."""
    names = heartbeats.queue_names()
    try:
        ages = heartbeats.ages([*names, heartbeats.BEAT])
    except Exception as error:
        if not is_of_redis(error):
            raise
        return unreachable_broker()
    queues = {name: Heartbeat(ages[name]) for name in names}
    return Broker(Redis.OK if settings.REDIS_URL else Redis.UNUSED, queues, Heartbeat(ages[heartbeats.BEAT]))


def unreachable_broker() -> Broker:
    return Broker(Redis.UNREACHABLE, {name: Heartbeat(None) for name in heartbeats.queue_names()}, Heartbeat(None))


# --- All checks, in time ----------------------------------------------------------------------------------

_database = BoundedCheck(database_state, Database.UNREACHABLE)
_migrations = BoundedCheck(migration_state, Migrations.UNKNOWN)
_disk = BoundedCheck(disk_state, Disk.UNKNOWN)
_broker = BoundedCheck(broker_state, unreachable_broker())


def report(timeout: float = TIMEOUT) -> Report:
    """How the installation stands: an answer within `timeout` seconds, whatever hangs."""
    deadline = time.monotonic() + timeout
    for check in (_database, _migrations, _disk, _broker):
        check.begin()
    return Report(
        _database.answer(deadline), _migrations.answer(deadline), _disk.answer(deadline), _broker.answer(deadline)
    )


def livez(request: HttpRequest) -> HttpResponse:
    """200 while this process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when customers are answered, otherwise 503; and how each part stands."""
    found = report()
    return JsonResponse(found.as_json(), status=200 if found.is_ready else 503)
