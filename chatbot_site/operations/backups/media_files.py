"""The files of MEDIA_ROOT as one tar, and back. missing_media knows which of them must be there."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

from . import archive

PART = "media.tar"


class _Source:
    """A file to be copied, whose errors name it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._file.name) from error


def write(file: archive.Writable) -> None:
    """Write them into a file, one at a time. What is removed meanwhile, or cannot be opened, is left out."""
    # Streaming needs no more of a file than `write`, where the stub asks for all that files do.
    with tarfile.open(fileobj=file, mode="w|") as tar:  # type: ignore[call-overload]
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
            _forget_entries(tar)


def _files(folder: str | Path) -> Iterator[Path]:
    """All files below a folder; symbolic links, and folders that may not be read, are left out."""
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


def restore(path: str | Path) -> None:
    """Put the files of a backup where they were. Names are random: a file that is there already is the same one."""
    with (
        archive.opened(path) as backup,
        backup.open(PART) as part,
        tarfile.open(fileobj=part, mode="r|") as tar,
    ):
        for entry in tar:
            _restore_one(tar, entry)
            _forget_entries(tar)


def _forget_entries(tar: tarfile.TarFile) -> None:
    """tarfile would remember every file it has written or read; the stub does not know where."""
    tar.members = []  # type: ignore[attr-defined]


def _restore_one(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    target = _target(entry.name)
    source = tar.extractfile(entry) if entry.isfile() else None
    if source is None or (target.exists() and target.stat().st_size == entry.size):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.restoring")
    with source, unfinished.open("wb") as file:
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
