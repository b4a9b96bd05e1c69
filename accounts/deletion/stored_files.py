"""
The files of rows, in MEDIA_ROOT: a folder for each business, with files under random names. A file is deleted with its
row; files that a killed process left behind are swept up.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import models, transaction

logger = logging.getLogger(__name__)

#: The age from which a file without a row is swept up; a younger one's row may be about to be written.
GRACE = timedelta(days=1)

BATCH = 500

NAME = re.compile(r"[0-9a-f]{32}")


def random_name(row: Any, filename: str = "") -> str:
    """A new name for the file of a row, which reveals nothing of it (a FileField's `upload_to`)."""
    return f"business-{row.business_id}/{secrets.token_hex(16)}"


@contextmanager
def writing(name: str) -> Iterator[BinaryIO]:
    """A new file of this name, open for writing bytes; deleted again on failure. Raises FileExistsError."""
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("xb")
    try:
        with file:
            yield file
            settle(file)
    except BaseException:
        remove([name])
        raise


@contextmanager
def appending(name: str, size: int) -> Iterator[BinaryIO]:
    """The file of this name, open for writing after its first `size` bytes; whatever followed is cut off."""
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if path.exists() else "xb") as file:
        file.truncate(size)
        file.seek(size)
        yield file


def settle(file: BinaryIO) -> None:
    """Flush an open file to disk, so that it survives a crash of the machine."""
    file.flush()
    os.fsync(file.fileno())


def size_of(name: str) -> int:
    """The size of a file in bytes; 0 if there is none."""
    try:
        return default_storage.size(name) if name else 0
    except FileNotFoundError:
        return 0


def file_fields(model: type[models.Model]) -> list[models.FileField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, models.FileField)]


def remove_with(rows: models.QuerySet[Any]) -> None:
    """Delete the files of rows that this transaction deletes, once it is committed."""
    for field in file_fields(rows.model):
        names = list(rows.exclude(**{field.name: ""}).values_list(field.name, flat=True))
        if names:
            transaction.on_commit(partial(remove, names))


def remove(names: Iterable[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError:
            # On Windows, somebody may be reading it. It will be swept up.
            logger.warning("The file %s could not be removed.", name)


def sweep() -> int:
    """Delete files that belong to no row. Returns how many."""
    newest = time.time() - GRACE.total_seconds()
    old: list[str] = []
    removed = 0
    for path in Path(default_storage.path("")).glob("business-*/*"):
        if NAME.fullmatch(path.name) and _changed_at(path) < newest:
            old.append(f"{path.parent.name}/{path.name}")
        if len(old) == BATCH:
            removed += _remove_unheld(old)
            old = []
    return removed + _remove_unheld(old)


def _changed_at(path: Path) -> float:
    """When a file was last written; infinity for one that somebody has just removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return inf


def _remove_unheld(names: Iterable[str]) -> int:
    held: set[str] = set()
    for model in apps.get_models():
        for field in file_fields(model):
            held.update(model._base_manager.filter(**{f"{field.name}__in": names}).values_list(field.name, flat=True))
    unheld = set(names) - held
    remove(unheld)
    return len(unheld)
