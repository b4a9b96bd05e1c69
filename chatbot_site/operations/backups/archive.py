"""The file of a backup: a zip with the database, the media files in one tar, and a manifest that describes them."""

import hashlib
import json
import os
import tarfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.core.management import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024

#: What reading a file that is no zip, or not a whole one, ends with.
DAMAGES = (BadZipFile, tarfile.TarError, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError)


class Digest:
    """Passes bytes on to a file, and knows how many they were and their SHA-256."""

    def __init__(self, file=None):
        self.file = file
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data):
        if self.file:
            self.file.write(data)
        self.size += len(data)
        self.sha256.update(data)
        return len(data)

    def copy(self, source):
        while chunk := source.read(CHUNK):
            self.write(chunk)

    def facts(self):
        return {"size": self.size, "sha256": self.sha256.hexdigest()}


def write(path, parts, facts):
    """
    Write a backup. `parts` maps the name of each to a function that writes it into a file; what is compressed
    already says so by its name. `facts` go into the manifest, with what the parts add to them.
    """
    digests = {}
    with private(path) as file, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, write_part in parts.items():
            with archive.open(_entry(name), "w", force_zip64=True) as entry:
                digest = Digest(entry)
                write_part(digest)
            digests[name] = digest.facts()
        manifest = {"format": FORMAT, **facts, "parts": digests}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    sync(path)


def _entry(name):
    if name.endswith((".tar", ".pgdump")):
        entry = ZipInfo(name, timezone.localtime().timetuple()[:6])
        entry.compress_type = ZIP_STORED
        return entry
    return name


@contextmanager
def private(path):
    """A new file that only its owner may read (where the system knows owners)."""
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
        yield file


def sync(path):
    """Have the disk keep what was written: a file's contents, or on Linux and macOS a folder's names."""
    if Path(path).is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if Path(path).is_dir() else os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def outline(path: str | Path) -> dict[str, Any]:
    """The manifest of a backup that has all its parts in their sizes; their contents are not read. As `read`."""
    with opened(path) as archive:
        manifest = _manifest(archive, path)
        for name, facts in manifest["parts"].items():
            if archive.getinfo(name).file_size != facts["size"]:
                raise damaged(path)
    return manifest


def _manifest(archive: ZipFile, path: str | Path) -> dict[str, Any]:
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise CommandError(_("%(path)s was made by a newer version. Update the project first.") % {"path": path})
    return manifest


def read(path: str | Path) -> dict[str, Any]:
    """The manifest of a backup, after all of it was read and is what the manifest says. Raises CommandError."""
    with opened(path) as archive:
        manifest = _manifest(archive, path)
        for name, facts in manifest["parts"].items():
            digest = Digest()
            with archive.open(name) as part:
                digest.copy(part)
            if digest.facts() != facts:
                raise damaged(path)
    return manifest


@contextmanager
def opened(path):
    """The archive of a backup; what cannot be read of it raises CommandError."""
    try:
        with ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise CommandError(_("There is no file %(path)s.") % {"path": path}) from None
    except DAMAGES as error:
        raise damaged(path) from error


def damaged(path):
    return CommandError(_("%(path)s is no backup, or it is damaged. Nothing was changed.") % {"path": path})


def take_out(path, name, target):
    """Write one part of a backup into a new file."""
    with opened(path) as archive, archive.open(name) as part, private(target) as file:
        Digest(file).copy(part)
