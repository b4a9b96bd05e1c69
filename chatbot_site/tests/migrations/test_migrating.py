"""What `migrate` says when it cannot have a table that others use."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chatbot_site.management.commands import migrate

from chatbot_site.tests.system.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

needs_postgres = pytest.mark.postgresql


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
