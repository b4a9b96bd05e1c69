"""An SQLite database as one file: copied while others write, and put in the place of the real one in one step."""

import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management import CommandError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from . import archive

PART = "database.sqlite3"

#: What SQLite keeps beside a database while somebody uses it.
COMPANIONS = ("-wal", "-shm", "-journal")


class Damaged(CommandError):
    """The database cannot be read as a whole."""


def write(path):
    """Write a consistent copy of the database into a new file. Returns how many rows each table has there."""
    source = real()
    if not source.exists():
        raise CommandError(_("There is no database yet: %(path)s.") % {"path": source})
    try:
        with closing(sqlite3.connect(source, timeout=20, isolation_level=None)) as database:
            database.execute("VACUUM INTO ?", [str(path)])
        with closing(sqlite3.connect(path)) as copy:
            return checked(copy)
    except sqlite3.OperationalError:
        # Not the database, but its disk, or somebody who keeps it locked.
        raise
    except sqlite3.DatabaseError as error:
        raise Damaged(_("The database is damaged: %(problem)s.") % {"problem": error}) from error


def checked(copy):
    """How many rows each table of a copy has. Raises sqlite3.DatabaseError when it is not whole."""
    problems = [told for (told,) in copy.execute("PRAGMA integrity_check(1)") if told != "ok"]
    problems += [f"{row[0]} {row[1]} → {row[2]}" for row in copy.execute("PRAGMA foreign_key_check").fetchmany(1)]
    if problems:
        raise sqlite3.DatabaseError(problems[0])
    names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: copy.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for (name,) in names.fetchall()}


def real():
    return Path(connection.settings_dict["NAME"])


def folder():
    """Where a copy lies that is to become the database."""
    return real().parent


def check_tools():
    """SQLite comes with Python."""


@contextmanager
def replacing(copy=None):
    """
    Inside, the default connection uses the database of a copy, or an empty one, which nobody else sees. At the end it
    becomes the real one; after an exception or a kill the real one is as it was.
    """
    old = real()
    new = old.with_name(f"{old.name}.restoring.db")
    remove(new)
    try:
        if copy:
            os.replace(copy, new)
        with opened(new):
            yield
        fold(new)
        archive.sync(new)
        connection.close()
        leave_nothing_beside(old)
        belong_to_the_same(new, old)
        os.replace(new, old)
        archive.sync(old.parent)
    finally:
        remove(new)


@contextmanager
def opened(path):
    """Another file as the database of this thread."""
    ours = connection.settings_dict
    connection.close()
    connection.settings_dict = {**ours, "NAME": path}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = ours


def fold(path):
    """Put what SQLite keeps beside a database into it. Raises CommandError while anybody else uses it."""
    with closing(sqlite3.connect(path, timeout=0)) as database:
        try:
            (mode,) = database.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise in_use() from error
        if mode != "delete":
            raise in_use()


def refuse_others() -> None:
    """Raise CommandError while another process uses the database."""
    connection.close()
    try:
        if real().exists():
            fold(real())
    except sqlite3.DatabaseError:
        # Damaged, and kept (keep_damaged).
        pass


def leave_nothing_beside(old):
    """What lies beside a database that is about to be replaced would be taken for a part of the new one."""
    refuse_others()
    for suffix in COMPANIONS:
        Path(f"{old}{suffix}").unlink(missing_ok=True)


def belong_to_the_same(new, old):
    """Whoever may use the old file may use the new one, also when an administrator puts it there."""
    if old.exists():
        shutil.copymode(old, new)
        if hasattr(os, "chown"):
            facts = old.stat()
            os.chown(new, facts.st_uid, facts.st_gid)


def keep_damaged():
    """Keep a damaged database, which cannot be backed up, as it is: somebody may save what is left. Returns where."""
    kept = real().with_name(f"{real().stem}.damaged-{timezone.localtime():%Y-%m-%d-%H%M%S}.db")
    for suffix in ("", *COMPANIONS):
        if Path(f"{real()}{suffix}").exists():
            shutil.copyfile(f"{real()}{suffix}", f"{kept}{suffix}")
    return kept


def in_use():
    return CommandError(_("Another program uses the database. Close it, and stop all workers, then try again."))


def remove(path):
    for suffix in ("", *COMPANIONS):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
