"""The lock of the only `up` on a database, which the system or the server releases however the process ends."""

import sqlite3
from contextlib import AbstractContextManager, closing

from django.core.management import CommandError
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

#: The name of the lock among PostgreSQL's advisory locks of this database.
ADVISORY_LOCK = 7_340_155


def only_one() -> AbstractContextManager[object]:
    """A context that holds the lock. Raises CommandError when another process holds it."""
    return closing(_lock_file() if connection.vendor == "sqlite" else _lock_on_server())


def _lock_file() -> sqlite3.Connection:
    """A file beside the database, locked by SQLite, which can do so on every operating system."""
    path = f"{connection.settings_dict['NAME']}.lock"
    try:
        lock = sqlite3.connect(path, isolation_level=None, timeout=0)
        # Nothing is ever written, so no journal is needed beside it.
        lock.execute("PRAGMA journal_mode = MEMORY")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise _already_running() from error
        raise CommandError(
            _("Cannot write %(path)s. Move the project to a folder that you may write to.") % {"path": path}
        ) from error
    return lock


def _lock_on_server() -> BaseDatabaseWrapper:
    """An advisory lock, held by a connection of its own."""
    holder = connections.create_connection("default")
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            (is_ours,) = cursor.fetchone()
    except OperationalError as error:
        raise CommandError(
            _("The database cannot be reached. Check DATABASE_URL. %(error)s") % {"error": error}
        ) from error
    if not is_ours:
        raise _already_running()
    return holder


def _already_running() -> CommandError:
    return CommandError(
        _("`up` is already running on this database. Stop it with Ctrl-C in its window, then start again.")
    )
