"""
Backups: the database and the media files in one file, made while everybody works. A backup is written under another
name, read again from the first byte to the last, and only then given its own.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from . import archive, disk_errors, media_files, migration_state, missing_media
from .database_copy import database_copy

#: How many backups of a kind stay in BACKUP_DIR unless another number is asked for.
DEFAULT_KEEP = 7

#: What the names of our own files begin with: those that people ask for, and those made before something risky.
USUAL, BEFORE_RESTORING, BEFORE_MIGRATING = "chatbot", "before-restoring", "before-migrating"

UNFINISHED_PREFIX = ".unfinished-"
#: After so long (seconds), what a killed backup has left behind is removed.
UNFINISHED_RETENTION = 24 * 60 * 60


def make(
    output: str | Path | None = None, kind: str = USUAL, keep: int = DEFAULT_KEEP, without_missing_media: bool = False
) -> tuple[Path, archive.Manifest]:
    """
    Write a backup into `output`, or into BACKUP_DIR under a name that says the time; there the newest `keep` of its
    kind stay. Returns its path and manifest. Raises CommandError with a sentence on what is in the way, also when
    files of messages are missing, unless it is to be made without them (`missing_media` of the manifest).
    """
    path = Path(output) if output else None
    folder = path.parent if path else Path(settings.BACKUP_DIR)
    with disk_errors.explained(folder):
        database_copy().check_tools()
        folder.mkdir(parents=True, exist_ok=True)
        if path and path.is_dir():
            raise CommandError(_("%(path)s is a folder. Name a file in it.") % {"path": path})
        _remove_unfinished(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=UNFINISHED_PREFIX) as aside:
            finished = Path(aside, "backup.zip")
            _write(finished, Path(aside), without_missing_media)
            manifest = archive.read(finished)
            path = path or _free_path(folder, kind)
            os.replace(finished, path)
        archive.sync(folder)
        if not output:
            _remove_old(folder, kind, keep)
    return path, manifest


def _write(path: Path, aside: Path, without_missing_media: bool) -> None:
    copy = database_copy()
    snapshot = aside / copy.PART
    if not without_missing_media:
        # Before the long work. What vanishes during it is noticed at its end.
        missing_media.check_none(missing_media.find())
    facts: archive.Facts = {
        "made_at": timezone.now().isoformat(),
        "database": connection.vendor,
        "rows": copy.write(snapshot),
        "migrations": migration_state.applied(),
        "field_keys": key_fingerprints(),
    }

    # After the rows: a file that a row names has been written before the row.
    def write_media(file: archive.Writable) -> None:
        media_files.write(file)
        missing = missing_media.find()
        if not without_missing_media:
            missing_media.check_none(missing)
        facts["missing_media"] = sorted(missing)

    archive.write(path, {copy.PART: partial(_copy_from, snapshot), media_files.PART: write_media}, facts)


def _copy_from(path: Path, file: archive.Writable) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file, archive.CHUNK)


def key_fingerprints() -> list[str]:
    """What tells the keys of FIELD_KEYS apart without giving them away."""
    return [hashlib.sha256(f"fingerprint:{key}".encode()).hexdigest()[:16] for key in settings.FIELD_KEYS]


def _free_path(folder: Path, kind: str) -> Path:
    """A path whose name says the time, and that is not taken."""
    name = f"{kind}-{timezone.localtime():%Y-%m-%d-%H%M%S}"
    serial = 1
    while (path := folder / (f"{name}.zip" if serial == 1 else f"{name}-{serial}.zip")).exists():
        serial += 1
    return path


def _remove_old(folder: Path, kind: str, keep: int) -> None:
    """Remove all but the newest of our own files of a kind."""
    for path in made_in(folder, kind)[keep:]:
        path.unlink(missing_ok=True)


def made_in(folder: Path, kind: str) -> list[Path]:
    """Our own files of a kind, newest first."""
    pattern = re.compile(rf"{kind}-\d{{4}}-\d\d-\d\d-\d{{6}}(-\d+)?\.zip")
    ours = [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    # Not by name: of those made within a second, a later one may have the name of one that is gone.
    return sorted(ours, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _remove_unfinished(folder: Path) -> None:
    for path in folder.glob(f"{UNFINISHED_PREFIX}*"):
        if path.stat().st_mtime < time.time() - UNFINISHED_RETENTION:
            shutil.rmtree(path, ignore_errors=True)


def before_migrating(say: Callable[[str], object]) -> None:
    """Back up a database that a new version is about to change, if there is anything in it; `say` gets sentences."""
    if not migration_state.applied() or migration_state.is_complete():
        return
    try:
        database_copy().check_tools()
    except CommandError as error:
        say(_("No backup was made before the database is updated. %(reason)s") % {"reason": error})
        return
    path, manifest = make(kind=BEFORE_MIGRATING, without_missing_media=True)
    say(_("Before the database is updated, a backup was made: %(path)s") % {"path": path})
    if missing := manifest.get("missing_media"):
        say(missing_media.missing_text(missing))
