"""What `migrate` says when it cannot have a table that others use."""

from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

from chatbot_site.management.commands import migrate

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
def test_a_migration_that_meets_a_deadlock_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def meet(*arguments: object, **options: object) -> None:
        raise OperationalError from DeadlockDetected()

    monkeypatch.setattr(migrate.migrate.Command, "handle", meet)
    with pytest.raises(CommandError, match="migrate"):
        call_command("migrate", verbosity=0)
