"""How a migration goes about the tables that others use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext

from accounts.database.concurrent_indexes import AddIndexConcurrently
from chatbot_site.management.commands import migrate

from .processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

needs_postgres = pytest.mark.postgresql

INDEX = models.Index(fields=["name"], name="business_by_name")


class AddIndex(migrations.Migration):
    atomic = False
    operations = [AddIndexConcurrently("business", INDEX)]


def build() -> None:
    with connection.schema_editor(atomic=False) as editor:
        AddIndex("9999_add_index", "accounts").apply(MigrationLoader(connection).project_state(), editor)


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        return {INDEX.name} & set(connection.introspection.get_constraints(cursor, "businesses"))


@pytest.fixture(autouse=True)
def _no_index_stays() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX.name}")


def test_an_index_is_built_and_taken_back() -> None:
    build()
    assert indexes()
    with connection.schema_editor(atomic=False) as editor:
        AddIndex("9999_add_index", "accounts").unapply(MigrationLoader(connection).project_state(), editor)
    assert not indexes()


@needs_postgres
def test_inside_a_transaction_it_is_built_too() -> None:
    with transaction.atomic(), connection.schema_editor(atomic=False) as editor:
        AddIndex("9999_add_index", "accounts").apply(MigrationLoader(connection).project_state(), editor)
    assert indexes()


@needs_postgres
def test_an_index_that_a_kill_left_half_built_is_built_anew() -> None:
    build()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX.name}'::regclass")
        build()
        cursor.execute(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{INDEX.name}'::regclass")
        assert cursor.fetchone() == (True,)


@needs_postgres
def test_an_index_that_was_built_before_the_migration_was_noted_is_left() -> None:
    build()
    build()
    assert indexes()


@needs_postgres
def test_while_it_is_built_others_write() -> None:
    with CaptureQueriesContext(connection) as queries:
        build()
    assert any(query["sql"].startswith("CREATE INDEX CONCURRENTLY") for query in queries)


@needs_postgres
def test_a_migration_gives_up_on_a_table_in_use_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 50)
    call_command("migrate", "bots", "0003", verbosity=0)
    try:
        with closing(connection.copy()) as other, other.cursor() as cursor:
            other.set_autocommit(False)
            cursor.execute("SELECT 1 FROM bots")
            with pytest.raises(CommandError, match="migrate"):
                call_command("migrate", "bots", verbosity=0)
            other.rollback()
    finally:
        call_command("migrate", "bots", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


@needs_postgres
def test_a_migration_that_meets_a_deadlock_says_so_too() -> None:
    call_command("migrate", "bots", "0004", verbosity=0)
    try:
        with ThreadPoolExecutor(1) as migrating, closing(connection.copy()) as other, other.cursor() as cursor:
            other.set_autocommit(False)
            # The migration is the one that PostgreSQL ends.
            cursor.execute("SET LOCAL deadlock_timeout = '30s'")
            cursor.execute("SELECT 1 FROM bot_timers")
            migration = migrating.submit(migrate_bots)
            wait_until(somebody_waits)
            cursor.execute("SELECT 1 FROM bot_calls")
            with pytest.raises(CommandError, match="migrate"):
                migration.result()
    finally:
        migrate_bots()


def migrate_bots() -> None:
    try:
        call_command("migrate", "bots", verbosity=0)
    finally:
        connection.close()


def somebody_waits() -> bool:
    """Whether the migration has the one table and waits for the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'bot_timers'::regclass")
        return cursor.fetchone() is not None
