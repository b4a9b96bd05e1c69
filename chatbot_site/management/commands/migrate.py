"""Django's `migrate`, which never blocks the processes at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.utils.translation import gettext as _

#: How long a migration waits for a table on PostgreSQL (milliseconds). Everybody who wants the table waits behind it:
#: while a backup or a forgotten transaction holds the table, the whole installation would stand still.
LOCK_TIMEOUT = 5_000

#: PostgreSQL's codes for a lock that did not come in time, and for a deadlock.
LOCKED = ("55P03", "40P01")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with _lock_timeout(options["database"]):
            super().handle(*args, **options)


@contextmanager
def _lock_timeout(alias: str) -> Iterator[None]:
    connection = connections[alias]
    # Inside a transaction, as when a backup is restored, the tables are ours already.
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
        if getattr(error.__cause__, "sqlstate", None) in LOCKED:
            raise CommandError(
                _(
                    "A table has been in use for too long, by a backup for example, so this migration was rolled back."
                    " Nothing is lost. When that is over, run `migrate` again: it continues from here."
                )
            ) from error
        raise
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])
