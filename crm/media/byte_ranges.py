"""Parts of files, as players ask for them: Safari plays nothing without (RFC 9110, "Range Requests")."""

import re

from django.core.files import File

#: Digits are limited: Python refuses to read an endless number, and no file needs one.
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(ValueError):
    """The part lies behind the end of the file."""


class PartOfFile:
    """The bytes of an open file from `first` to `last`, which is included."""

    def __init__(self, file: File, first: int, last: int) -> None:
        self.file = file
        self._remaining = last - first + 1
        file.seek(first)

    def read(self, size: int) -> bytes:
        data = self.file.read(min(size, self._remaining))
        self._remaining -= len(data)
        return data

    def close(self) -> None:
        self.file.close()


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """
    The first and the last byte that a Range header asks for, of a file of `size` bytes. None for the whole file: also
    for several ranges at once, which nobody must answer. Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(header)
    if not match or match.group(1, 2) == ("", ""):
        return None
    from_byte, to_byte = match.groups()
    if from_byte:
        first, last = int(from_byte), min(int(to_byte or size), size - 1)
    else:
        first, last = max(size - int(to_byte), 0), size - 1
    if first >= size:
        raise Unsatisfiable
    return (first, last) if first <= last else None
