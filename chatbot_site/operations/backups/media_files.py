"""The files of MEDIA_ROOT as one tar, and back. Which of them must be there, missing_media knows."""

import os
import tarfile
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from . import archive

PART = "media.tar"


class _Source:
    """A file to be copied, whose errors name it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._file.name) from error


def write(file):
    """Write them into a file, one at a time. What is removed meanwhile, or cannot be opened, is left out."""
    with tarfile.open(fileobj=file, mode="w|") as tar:
        for path in _files(Path(settings.MEDIA_ROOT)):
            try:
                source = path.open("rb")
            except (FileNotFoundError, PermissionError):
                continue
            with source:
                entry = tarfile.TarInfo(path.relative_to(settings.MEDIA_ROOT).as_posix())
                facts = os.fstat(source.fileno())
                entry.size, entry.mtime, entry.mode = facts.st_size, int(facts.st_mtime), 0o600
                tar.addfile(entry, _Source(source))
            # tarfile would remember every file it has written.
            tar.members = []


def _files(folder):
    """The files in a folder and its folders, without what only points elsewhere or may not be looked into."""
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, PermissionError):
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def restore(path):
    """Put the files of a backup where they were. Names are random, so that one which is here already is the same."""
    with (
        archive.opened(path) as backup,
        backup.open(PART) as part,
        tarfile.open(fileobj=part, mode="r|") as tar,
    ):
        for entry in tar:
            _restore_one(tar, entry)
            tar.members = []


def _restore_one(tar, entry):
    target = _target(entry.name)
    if not entry.isfile() or (target.exists() and target.stat().st_size == entry.size):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.restoring")
    with tar.extractfile(entry) as source, unfinished.open("wb") as file:
        archive.Digest(file).copy(source)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, target)


def _target(name: str) -> Path:
    """Where a file of a backup belongs. Raises ValueError for a name that leads out of MEDIA_ROOT."""
    folder = Path(settings.MEDIA_ROOT).resolve()
    target = (folder / name).resolve()
    if not target.is_relative_to(folder):
        raise ValueError(name)
    return target
