"""Parts of files, as players ask for them: Safari plays nothing without (RFC 9110, "Range Requests")."""

import re

#: Python reads no endless number, and no file needs one.
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(ValueError):
    """The part lies behind the end of the file."""


class PartOfFile:
    """The bytes of an open file from `first` to `last`, which is included."""

    def __init__(self, file, first, last):
        self.file = file
        self.left = last - first + 1
        file.seek(first)

    def read(self, size):
        data = self.file.read(min(size, self.left))
        self.left -= len(data)
        return data

    def close(self):
        self.file.close()


def wanted(header, size):
    """
    The first and the last byte that a Range header asks for, of a file of `size` bytes. None for the whole file: also
    for several ranges at once, which nobody must answer. Raises Unsatisfiable.
    """
    match = RANGE.fullmatch(header)
    if not match or match.group(1, 2) == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        first, last = max(size - int(last), 0), size - 1
    first, last = int(first), min(int(last or size), size - 1)
    if first >= size:
        raise Unsatisfiable
    return (first, last) if first <= last else None
