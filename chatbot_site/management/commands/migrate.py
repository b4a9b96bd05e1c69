"""Django's `migrate`, which never holds up those who work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable

#: How long a migration waits for a table on PostgreSQL (milliseconds). Everybody who wants the table waits behind it:
#: behind a backup or a forgotten transaction the whole installation would stand still.
LOCK_TIMEOUT = 5_000


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with _lock_timeout(options["database"]):
            super().handle(*args, **options)


@contextmanager
def _lock_timeout(alias: str) -> Iterator[None]:
    connection = connections[alias]
    # In a transaction of somebody else the tables are nobody else's (restoring a backup).
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT}")
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise CommandError(
                _(
                    "A table is in use for a long time, by a backup for example, so this migration was taken back."
                    " Nothing is lost. Wait until that is over, then run `migrate` again: it goes on from here."
                )
            ) from error
        raise
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])
