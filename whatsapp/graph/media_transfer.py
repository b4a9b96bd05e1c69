"""What media need on their way to and from Meta: whose addresses are trusted, and bodies that pass in small chunks."""

import hashlib
import re
import secrets
import time
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import urlsplit

from django.conf import settings
from urllib3 import BaseHTTPResponse

#: Where Meta keeps media. The token is shown to these alone.
META_DOMAINS = ("facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net", "whatsapp.com")

#: Bytes that are read or written at a time.
CHUNK_SIZE = 16 * 1024


class TransferTimeout(Exception):
    """The file did not pass within the time it was given."""


class TooLarge(Exception):
    """The file is larger than it may be."""


def is_meta_url(url: str) -> bool:
    """Whether an address is one of Meta's, or of the server that META_GRAPH_URL names in its place."""
    try:
        parts, graph = urlsplit(url), urlsplit(settings.META_GRAPH_URL)
        if (parts.scheme, parts.netloc) == (graph.scheme, graph.netloc):
            return True
        is_plain = parts.scheme == "https" and parts.port in (None, 443) and "@" not in parts.netloc
    except ValueError:
        return False
    host = parts.hostname or ""
    return is_plain and any(host == domain or host.endswith(f".{domain}") for domain in META_DOMAINS)


def copy(source: BaseHTTPResponse, target: BinaryIO, limit: int, deadline: float) -> tuple[int, str]:
    """
    Write what `source` (urllib3's response) holds to a file, piece by piece as it comes. Returns its size and the
    SHA-256 of its bytes, as hex. Raises TooLarge over `limit` bytes, TransferTimeout past `deadline` (monotonic).
    """
    size, digest = 0, hashlib.sha256()
    while chunk := source.read1(CHUNK_SIZE):
        size += len(chunk)
        if size > limit:
            raise TooLarge
        if time.monotonic() > deadline:
            raise TransferTimeout
        digest.update(chunk)
        target.write(chunk)
    return size, digest.hexdigest()


class MultipartFile:
    """A multipart/form-data body of some fields and one file, which is read piece by piece while it is sent."""

    def __init__(
        self, fields: dict[str, str], file: BinaryIO, size: int, mime: str, name: str, deadline: float
    ) -> None:
        self.boundary = secrets.token_hex(16)
        self.file, self.size, self.deadline = file, size, deadline
        parts = [self._part(f'name="{key}"', value) for key, value in fields.items()]
        name = re.sub(r'["\\\x00-\x1f\x7f]', "_", name)
        parts.append(self._part(f'name="file"; filename="{name}"\r\nContent-Type: {mime}', ""))
        self.head = "\r\n".join(parts).encode("utf-8", "replace")
        self.tail = f"\r\n--{self.boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    def _part(self, disposition: str, value: str) -> str:
        return f"--{self.boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}"

    def __len__(self) -> int:
        return len(self.head) + self.size + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        while chunk := self.file.read(CHUNK_SIZE):
            if time.monotonic() > self.deadline:
                raise TransferTimeout
            yield chunk
        yield self.tail


class FileBody:
    """A body that is one file, read piece by piece while it is sent."""

    def __init__(self, file: BinaryIO, size: int, deadline: float) -> None:
        self.file, self.size, self.deadline = file, size, deadline

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(CHUNK_SIZE):
            if time.monotonic() > self.deadline:
                raise TransferTimeout
            yield chunk
