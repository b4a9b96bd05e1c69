"""The file of a backup: a zip with the database, the media files in one tar, and a manifest that describes them."""

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NotRequired, Protocol, TypedDict, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.core.management import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024

#: What reading a file that is no zip, or not a whole one, ends with.
DAMAGES = (BadZipFile, tarfile.TarError, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError)


class Writable(Protocol):
    """What a part of a backup is written into."""

    def write(self, data: bytes, /) -> int: ...


class PartFacts(TypedDict):
    """By what a part is known to be whole: its bytes, and their SHA-256 in hex."""

    size: int
    sha256: str


class Facts(TypedDict):
    """What a backup holds: rows by table, migrations as pairs of app and name, and the keys' fingerprints."""

    made_at: str
    database: str
    rows: dict[str, int]
    migrations: list[tuple[str, str]]
    field_keys: list[str]
    missing_media: NotRequired[list[str]]


class Manifest(Facts):
    """The facts of a backup, and its parts by name."""

    format: int
    parts: dict[str, PartFacts]


class Digest:
    """Pass bytes on to a file, counting them and computing their SHA-256."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self.file = file
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        if self.file:
            self.file.write(data)
        self.size += len(data)
        self.sha256.update(data)
        return len(data)

    def copy(self, source: IO[bytes]) -> None:
        while chunk := source.read(CHUNK):
            self.write(chunk)

    def facts(self) -> PartFacts:
        return {"size": self.size, "sha256": self.sha256.hexdigest()}


def write(path: Path, parts: Mapping[str, Callable[[Writable], None]], facts: Facts) -> None:
    """
    Write a backup. `parts` maps the name of each part to a function that writes it into a file; its name says whether
    it is compressed already. `facts` go into the manifest last, with what the parts have added to them.
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


def _entry(name: str) -> ZipInfo | str:
    if name.endswith((".tar", ".pgdump")):
        now = timezone.localtime()
        entry = ZipInfo(name, (now.year, now.month, now.day, now.hour, now.minute, now.second))
        entry.compress_type = ZIP_STORED
        return entry
    return name


@contextmanager
def private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read (where the system has owners)."""
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
        yield file


def sync(path: Path) -> None:
    """Wait until the disk holds what was written: a file's contents, or on Linux and macOS a folder's names."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def outline(path: str | Path) -> Manifest:
    """The manifest of a backup that has all its parts in their sizes; their contents are not read. As `read`."""
    with opened(path) as archive:
        manifest = _manifest(archive, path)
        for name, facts in manifest["parts"].items():
            if archive.getinfo(name).file_size != facts["size"]:
                raise damaged(path)
    return manifest


def read(path: str | Path) -> Manifest:
    """
    The manifest of a backup, all of which was read and is as the manifest says. Raises CommandError for a file that is
    missing, damaged, or made by a newer version.
    """
    with opened(path) as archive:
        manifest = _manifest(archive, path)
        for name, facts in manifest["parts"].items():
            digest = Digest()
            with archive.open(name) as part:
                digest.copy(part)
            if digest.facts() != facts:
                raise damaged(path)
    return manifest


def _manifest(archive: ZipFile, path: str | Path) -> Manifest:
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise CommandError(_("%(path)s was made by a newer version. Update the project first.") % {"path": path})
    return cast(Manifest, manifest)


@contextmanager
def opened(path: str | Path) -> Iterator[ZipFile]:
    """The archive of a backup. Raises CommandError for what cannot be read of it."""
    try:
        with ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        if Path(path).exists():
            raise
        raise CommandError(_("There is no file %(path)s.") % {"path": path}) from None
    except DAMAGES as error:
        raise damaged(path) from error


def damaged(path: str | Path) -> CommandError:
    return CommandError(_("%(path)s is not a backup, or it is damaged. Nothing was changed.") % {"path": path})


def extract(path: str | Path, name: str, target: Path) -> None:
    """Write one part of a backup into a new file."""
    with opened(path) as archive, archive.open(name) as part, private(target) as file:
        Digest(file).copy(part)
