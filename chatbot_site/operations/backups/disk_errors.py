"""What is wrong with a disk, said in a sentence."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

#: PostgreSQL's code of the error. https://www.postgresql.org/docs/current/errcodes-appendix.html
DISK_FULL = "53100"


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn the errors of a disk, that of the folder or the database's own, into CommandError."""
    try:
        yield
    except DatabaseError as error:
        if not _is_disk_full(error.__cause__):
            raise
        message = _("No space is left on the disk of the database. Free some there, then try again.")
        raise CommandError(message) from error
    except (OSError, sqlite3.Error) as error:
        if _is_disk_full(error):
            message = _("No space is left in %(folder)s. Free some, or choose another folder.")
            place = folder
        else:
            message = _("It failed in %(folder)s: %(problem)s.")
            place = getattr(error, "filename", None) or folder
        problem = getattr(error, "strerror", None) or error
        raise CommandError(message % {"folder": place, "problem": problem}) from error


def _is_disk_full(error: BaseException | None) -> bool:
    return (
        getattr(error, "errno", None) == errno.ENOSPC
        or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(error, "sqlstate", None) == DISK_FULL
    )
