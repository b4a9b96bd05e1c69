"""The files of MEDIA_ROOT as one tar, and back."""

import os
import tarfile
from pathlib import Path

from django.conf import settings

from . import archive

PART = "media.tar"


def write(file):
    """Write them into a file, one at a time. What is removed meanwhile is left out."""
    with tarfile.open(fileobj=file, mode="w|") as tar:
        for path in _files(Path(settings.MEDIA_ROOT)):
            try:
                source = path.open("rb")
            except FileNotFoundError:
                continue
            with source:
                entry = tarfile.TarInfo(path.relative_to(settings.MEDIA_ROOT).as_posix())
                facts = os.fstat(source.fileno())
                entry.size, entry.mtime, entry.mode = facts.st_size, int(facts.st_mtime), 0o600
                tar.addfile(entry, source)
            # tarfile would remember every file it has written.
            tar.members = []


def _files(folder):
    """The files in a folder and its folders, without what only points elsewhere."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
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
    entry = tarfile.data_filter(entry, str(settings.MEDIA_ROOT))
    target = Path(settings.MEDIA_ROOT, entry.name)
    if not entry.isfile() or (target.exists() and target.stat().st_size == entry.size):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.restoring")
    with tar.extractfile(entry) as source, unfinished.open("wb") as file:
        archive.Digest(file).copy(source)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, target)
