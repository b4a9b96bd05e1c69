"""
Backups: the database and the media files in one file, while everybody works. It is written aside, read again from
the first byte to the last, and has its name only then.
"""

import errno
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from . import archive, media_files, migration_state, missing_media, postgres_copy, sqlite_copy

KEPT = 7

#: What the names of our own files begin with: those that people ask for, and those made before something risky.
USUAL, BEFORE_RESTORING, BEFORE_MIGRATING = "chatbot", "before-restoring", "before-migrating"

#: PostgreSQL's code of the error.
DISK_FULL = "53100"

UNFINISHED = ".unfinished-"
#: What a killed backup left behind is removed after so long (seconds).
UNFINISHED_LASTS = 24 * 60 * 60


def database_copy():
    """The module that copies the kind of database we have."""
    return sqlite_copy if connection.vendor == "sqlite" else postgres_copy


def make(
    output: str | Path | None = None, kind: str = USUAL, keep: int = KEPT, without_missing_media: bool = False
) -> tuple[Path, dict[str, Any]]:
    """
    Write a backup into `output`, or into BACKUP_DIR under a name that says the time; there the newest `keep` of its
    kind stay. Returns its path and manifest. Raises CommandError with a sentence on what is in the way, also when
    files of messages are missing, unless it is to be made without them (`missing_media` of the manifest).
    """
    path = Path(output) if output else None
    folder = path.parent if path else Path(settings.BACKUP_DIR)
    with sentences_for(folder):
        database_copy().check_tools()
        folder.mkdir(parents=True, exist_ok=True)
        if path and path.is_dir():
            raise CommandError(_("%(path)s is a folder. Name a file in it.") % {"path": path})
        remove_unfinished(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=UNFINISHED) as aside:
            finished = Path(aside, "backup.zip")
            write(finished, Path(aside), without_missing_media)
            manifest = archive.read(finished)
            path = path or free_name(folder, kind)
            os.replace(finished, path)
        archive.sync(folder)
        if not output:
            remove_old(folder, kind, keep)
    return path, manifest


def write(path: Path, aside: Path, without_missing_media: bool) -> None:
    copy = database_copy()
    snapshot = aside / copy.PART
    if not without_missing_media:
        # Before the long work. What vanishes during it is noticed at its end.
        missing_media.refuse(missing_media.find())
    facts: dict[str, Any] = {
        "made_at": timezone.now().isoformat(),
        "database": connection.vendor,
        "rows": copy.write(snapshot),
        "migrations": migration_state.applied(),
        "field_keys": key_fingerprints(),
    }

    # After the rows: what a row names is here by then.
    def write_media(file: BinaryIO) -> None:
        media_files.write(file)
        missing = missing_media.find()
        if not without_missing_media:
            missing_media.refuse(missing)
        facts["missing_media"] = sorted(missing)

    archive.write(path, {copy.PART: partial(copy_from, snapshot), media_files.PART: write_media}, facts)


def copy_from(path, file):
    with path.open("rb") as source:
        shutil.copyfileobj(source, file, archive.CHUNK)


def key_fingerprints():
    """What tells the keys of FIELD_KEYS apart and does not give them away."""
    return [hashlib.sha256(f"fingerprint:{key}".encode()).hexdigest()[:16] for key in settings.FIELD_KEYS]


def free_name(folder, kind):
    """A name that says the time and is not taken."""
    name = f"{kind}-{timezone.localtime():%Y-%m-%d-%H%M%S}"
    serial = 1
    while (path := folder / (f"{name}.zip" if serial == 1 else f"{name}-{serial}.zip")).exists():
        serial += 1
    return path


def remove_old(folder, kind, keep):
    """Remove all but the newest of our own files of a kind."""
    for path in made_in(folder, kind)[keep:]:
        path.unlink(missing_ok=True)


def made_in(folder: Path, kind: str) -> list[Path]:
    """Our own files of a kind, newest first."""
    pattern = re.compile(rf"{kind}-\d{{4}}-\d\d-\d\d-\d{{6}}(-\d+)?\.zip")
    ours = [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    # Not by name: of those made within a second, a later one may have the name of one that is gone.
    return sorted(ours, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def remove_unfinished(folder):
    for path in folder.glob(f"{UNFINISHED}*"):
        if path.stat().st_mtime < time.time() - UNFINISHED_LASTS:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def sentences_for(folder: Path) -> Iterator[None]:
    """Say in a sentence what is wrong with a disk: that of the folder, or the database's own."""
    try:
        yield
    except DatabaseError as error:
        if not is_disk_full(error.__cause__):
            raise
        told = _("There is no room left on the disk of the database. Free some there, and try again.")
        raise CommandError(told) from error
    except (OSError, sqlite3.Error) as error:
        if is_disk_full(error):
            told = _("There is no room left in %(folder)s. Free some, or choose another folder.")
            place = folder
        else:
            told = _("It failed in %(folder)s: %(problem)s.")
            place = getattr(error, "filename", None) or folder
        problem = getattr(error, "strerror", None) or error
        raise CommandError(told % {"folder": place, "problem": problem}) from error


def is_disk_full(error: BaseException | None) -> bool:
    return (
        getattr(error, "errno", None) == errno.ENOSPC
        or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(error, "sqlstate", None) == DISK_FULL
    )


def before_migrating(say):
    """Make a backup of a database that is about to be changed by a new version, if there is anything in it."""
    if not migration_state.applied() or migration_state.is_complete():
        return
    try:
        database_copy().check_tools()
    except CommandError as error:
        say(_("No backup was made before the database is updated. %(reason)s") % {"reason": error})
        return
    path, manifest = make(kind=BEFORE_MIGRATING, without_missing_media=True)
    say(_("Before the database is updated, a backup was made: %(path)s") % {"path": path})
    if manifest["missing_media"]:
        say(missing_media.in_words(manifest["missing_media"]))
