"""What the copies of both kinds of database have in common."""

from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from django.db import connection


class DatabaseCopy(Protocol):
    """A module that copies a database of one kind into a file, and a file back into the database."""

    #: The name of its part in the archive.
    PART: str

    def check_tools(self) -> None:
        """Raise CommandError while a program that copies the database is missing or too old."""

    def folder(self) -> Path:
        """Where a copy is put before it becomes the database."""

    def check_unused(self) -> None:
        """Raise CommandError while other processes use the database."""

    def write(self, path: Path) -> dict[str, int]:
        """Write a consistent copy of the database into a new file. Returns how many rows each table has there."""

    def replacing(self, copy: Path | None = None) -> AbstractContextManager[None]:
        """
        Inside, the default connection sees the database of a copy, or an empty one, which nobody else sees. At the end
        it becomes the real one; after an exception or a kill the real one is as it was.
        """


def database_copy() -> DatabaseCopy:
    """The module for the kind of database that the installation uses."""
    # By its name: that of PostgreSQL imports psycopg, which is of no use on SQLite.
    name = "sqlite_copy" if connection.vendor == "sqlite" else "postgres_copy"
    return cast(DatabaseCopy, import_module(f"{__package__}.{name}"))
