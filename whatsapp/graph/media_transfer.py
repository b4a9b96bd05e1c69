"""What media need on their way to and from Meta: whose addresses are trusted, and bodies that pass in small pieces."""

import hashlib
import re
import secrets
import time
from urllib.parse import urlsplit

from django.conf import settings

#: Where Meta keeps media. The token is shown to these alone.
META_DOMAINS = ("facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net", "whatsapp.com")

#: Bytes that are read or written at once.
PIECE = 16 * 1024


class TooSlow(Exception):
    """The file did not pass within the time it was given."""


class TooLarge(Exception):
    """The file is larger than it may be."""


def is_metas(url):
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


def copy(source, target, limit, deadline):
    """
    Write what `source` (urllib3's response) holds to a file, piece by piece as it comes. Returns its size and the
    SHA-256 of its bytes, as hex. Raises TooLarge over `limit` bytes, TooSlow past `deadline` (monotonic).
    """
    size, digest = 0, hashlib.sha256()
    while piece := source.read1(PIECE):
        size += len(piece)
        if size > limit:
            raise TooLarge
        if time.monotonic() > deadline:
            raise TooSlow
        digest.update(piece)
        target.write(piece)
    return size, digest.hexdigest()


class MultipartFile:
    """A multipart/form-data body of some fields and one file, which is read piece by piece while it is sent."""

    def __init__(self, fields, file, size, mime, name, deadline):
        self.boundary = secrets.token_hex(16)
        self.file, self.size, self.deadline = file, size, deadline
        parts = [self._part(f'name="{key}"', value) for key, value in fields.items()]
        name = re.sub(r'["\\\x00-\x1f\x7f]', "_", name)
        parts.append(self._part(f'name="file"; filename="{name}"\r\nContent-Type: {mime}', ""))
        self.head = "\r\n".join(parts).encode("utf-8", "replace")
        self.tail = f"\r\n--{self.boundary}--\r\n".encode()

    @property
    def content_type(self):
        return f"multipart/form-data; boundary={self.boundary}"

    def _part(self, disposition, value):
        return f"--{self.boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}"

    def __len__(self):
        return len(self.head) + self.size + len(self.tail)

    def __iter__(self):
        yield self.head
        while piece := self.file.read(PIECE):
            if time.monotonic() > self.deadline:
                raise TooSlow
            yield piece
        yield self.tail


class FileBody:
    """A body that is one file, read piece by piece while it is sent."""

    def __init__(self, file, size, deadline):
        self.file, self.size, self.deadline = file, size, deadline

    def __len__(self):
        return self.size

    def __iter__(self):
        while piece := self.file.read(PIECE):
            if time.monotonic() > self.deadline:
                raise TooSlow
            yield piece
