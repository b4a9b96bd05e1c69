"""An SQLite database as one file: copied while others write, and put in the place of the real one in one step."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management import CommandError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.search.index import INDEX_TABLES

from . import archive

PART = "database.sqlite3"

#: How long copying waits for another process that has locked the database (seconds).
LOCK_TIMEOUT = 20

#: What SQLite puts beside a database while somebody uses it.
COMPANIONS = ("-wal", "-shm", "-journal")


class Damaged(CommandError):
    """The database cannot be read as a whole."""


def write(path: Path) -> dict[str, int]:
    """Write a consistent copy of the database into a new file. Returns how many rows each table has there."""
    source = _database_path()
    if not source.exists():
        raise CommandError(_("There is no database yet: %(path)s.") % {"path": source})
    try:
        with closing(sqlite3.connect(source, timeout=LOCK_TIMEOUT, isolation_level=None)) as database:
            database.execute("VACUUM INTO ?", [str(path)])
        with closing(sqlite3.connect(path)) as copy:
            return _checked(copy)
    except sqlite3.OperationalError:
        # The database is not damaged: its disk is full, or another process has locked it.
        raise
    except sqlite3.DatabaseError as error:
        raise Damaged(_("The database is damaged: %(problem)s.") % {"problem": error}) from error


def _checked(copy: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table of a copy has. Raises sqlite3.DatabaseError when it is not whole."""
    problems = [answer for (answer,) in copy.execute("PRAGMA integrity_check(1)") if answer != "ok"]
    problems += [f"{row[0]} {row[1]} → {row[2]}" for row in copy.execute("PRAGMA foreign_key_check").fetchmany(1)]
    if problems:
        raise sqlite3.DatabaseError(problems[0])
    names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    tables = {name for (name,) in names.fetchall()} - INDEX_TABLES
    return {name: copy.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in tables}


def _database_path() -> Path:
    return Path(connection.settings_dict["NAME"])


def folder() -> Path:
    """Where a copy is put before it becomes the database."""
    return _database_path().parent


def check_tools() -> None:
    """SQLite comes with Python."""


@contextmanager
def replacing(copy: Path | None = None) -> Iterator[None]:
    """
    Inside, the default connection uses the database of a copy, or an empty one, which nobody else sees. At the end it
    becomes the real one; after an exception or a kill the real one is as it was.
    """
    old = _database_path()
    new = old.with_name(f"{old.name}.restoring.db")
    _remove(new)
    try:
        if copy:
            os.replace(copy, new)
        with opened(new):
            yield
        _fold_companions(new)
        archive.sync(new)
        connection.close()
        _remove_companions(old)
        _copy_rights(old, new)
        os.replace(new, old)
        archive.sync(old.parent)
    finally:
        _remove(new)


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Another file as the database of this thread."""
    ours = connection.settings_dict
    connection.close()
    connection.settings_dict = {**ours, "NAME": path}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = ours


def _fold_companions(path: Path) -> None:
    """Move what SQLite has put beside a database into it. Raises CommandError while anybody else uses it."""
    with closing(sqlite3.connect(path, timeout=0)) as database:
        try:
            (mode,) = database.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            # The lowest byte of an extended code is the primary one.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise _in_use() from error
        if mode != "delete":
            raise _in_use()


def check_unused() -> None:
    """Raise CommandError while another process uses the database."""
    connection.close()
    try:
        if _database_path().exists():
            _fold_companions(_database_path())
    except sqlite3.DatabaseError:
        # It is damaged; set_damaged_aside copies it as it is.
        pass


def _remove_companions(old: Path) -> None:
    """What lies beside a database that is about to be replaced would be taken for a part of the new one."""
    check_unused()
    for suffix in COMPANIONS:
        Path(f"{old}{suffix}").unlink(missing_ok=True)


def _copy_rights(old: Path, new: Path) -> None:
    """Whoever may use the old file may use the new one, also when an administrator restores it."""
    if old.exists():
        shutil.copymode(old, new)
        if hasattr(os, "chown"):
            facts = old.stat()
            os.chown(new, facts.st_uid, facts.st_gid)


def set_damaged_aside() -> Path:
    """Copy a database that is too damaged for a backup, so that what is left can be rescued. Returns the copy."""
    aside = _database_path().with_name(f"{_database_path().stem}.damaged-{timezone.localtime():%Y-%m-%d-%H%M%S}.db")
    for suffix in ("", *COMPANIONS):
        if Path(f"{_database_path()}{suffix}").exists():
            shutil.copyfile(f"{_database_path()}{suffix}", f"{aside}{suffix}")
    return aside


def _in_use() -> CommandError:
    return CommandError(_("Another program uses the database. Close it, and stop all workers, then try again."))


def _remove(path: Path) -> None:
    for suffix in ("", *COMPANIONS):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
