"""A PostgreSQL database as one file, by pg_dump and pg_restore: copied in a snapshot, restored in a transaction."""

import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO, cast

import psycopg
from django.conf import settings
from django.core.management import CommandError
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from accounts.database.trigram_indexes import has_trigrams
from chatbot_site.operations.process_name import PREFIX

PART = "database.pgdump"

#: How long replacing tables waits for whoever uses them (milliseconds).
LOCK_TIMEOUT = 10_000

#: Of what pg_restore writes: settings of the session, which are ours to choose, and commands of psql itself.
SKIPPED = (b"--", b"\\", b"SET ", b"SELECT pg_catalog.set_config")

#: What an index of trigrams is told by: `CREATE INDEX … USING gin (column schema.gin_trgm_ops)`.
TRIGRAMS = "gin_trgm_ops"

#: The connections of other processes with our user: what they call themselves, and PostgreSQL's ids of them.
OTHERS = """
    SELECT application_name, array_agg(pid ORDER BY pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND backend_type = 'client backend'
        AND application_name <> current_setting('application_name')
        AND (application_name = '' OR application_name LIKE %s)
    GROUP BY application_name ORDER BY application_name
"""


def check_tools() -> None:
    """Raise CommandError when pg_dump or pg_restore is missing, or older than the server."""
    server = _connected().info.server_version // 10_000
    for tool in ("pg_dump", "pg_restore"):
        if not shutil.which(tool):
            raise CommandError(
                _("%(tool)s was not found. Install PostgreSQL's client programs, version %(server)s or newer.")
                % {"tool": tool, "server": server}
            )
        version = _version(tool)
        if version < server:
            raise CommandError(
                _("%(tool)s here is version %(version)s, and the server is version %(server)s. Install its client.")
                % {"tool": tool, "version": version, "server": server}
            )


def _connected() -> psycopg.Connection:
    """psycopg's own connection, opened if it was not."""
    connection.ensure_connection()
    return cast(psycopg.Connection, connection.connection)


def _version(tool: str) -> int:
    """The major version of a program of PostgreSQL, whose answer is like `pg_dump (PostgreSQL) 16.4`."""
    answer = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\b(\d+)(?:\.| |$)", answer.strip())
    if found is None:
        raise CommandError(_("%(tool)s failed. %(problem)s") % {"tool": tool, "problem": answer.strip()})
    return int(found.group(1))


def folder() -> Path:
    """Where a copy is put before it becomes the database."""
    Path(settings.BACKUP_DIR).mkdir(parents=True, exist_ok=True)
    return Path(settings.BACKUP_DIR)


def check_unused() -> None:
    """
    Raise CommandError while other processes of ours are connected. Those of versions that did not give their name are
    ours too; a console or a monitor of the server is not.
    """
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, [f"{PREFIX}%"])
        found = cursor.fetchall()
    if found:
        others = [f"{name.removeprefix(PREFIX) or '?'} ({', '.join(map(str, pids))})" for name, pids in found]
        raise CommandError(
            _(
                "The database is in use: %(others)s. Stop `up`, and all web and worker processes and beat, on every"
                " machine, then try again. (In brackets: the connections. One whose process is gone is ended by"
                " SELECT pg_terminate_backend(…).)"
            )
            % {"others": "; ".join(others)}
        )


def write(path: Path) -> dict[str, int]:
    """Write a consistent copy of the database into a new file. Returns how many rows each table has there."""
    with closing(connection.copy()) as holder:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
            rows = {}
            for table in holder.introspection.table_names(cursor):
                cursor.execute(f"SELECT COUNT(*) FROM {holder.ops.quote_name(table)}")
                (rows[table],) = cursor.fetchone()
            chosen = [f'--table="{table}"' for table in rows]
            _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={path}", *chosen)
        holder.rollback()
    if _rows_in(path) != rows:
        raise CommandError(_("The copy of the database is not complete. Try again."))
    return rows


def _rows_in(path: Path) -> dict[str, int]:
    """How many rows of each table a copy has, read from its very data."""
    rows = {}
    for statement, lines in _script(path):
        copied = re.match(rb'COPY \w+\."?([^" ]+)"? \(', statement)
        if lines is not None and copied is not None:
            rows[copied.group(1).decode()] = sum(1 for _line in lines)
    return rows


def _script(path: Path) -> Iterator[tuple[bytes, Iterator[bytes] | None]]:
    """The statements of a copy, in order: pairs of SQL and, for COPY, the lines of its data."""
    with tool("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(path)) as output:
        statement = b""
        for line in output:
            if not statement and (line == b"\n" or line.startswith(SKIPPED)):
                continue
            statement += line
            if statement.startswith(b"COPY ") and statement.endswith(b"FROM stdin;\n"):
                lines = takewhile(lambda line: line != b"\\.\n", output)
                yield statement, lines
                for _unread in lines:
                    pass
                statement = b""
            elif statement.endswith(b";\n"):
                yield statement, None
                statement = b""


@contextmanager
def tool(*command: str) -> Iterator[IO[bytes]]:
    """
    The output of a program of PostgreSQL. When it fails, raises OSError for a disk here that is full, and otherwise
    CommandError with the program's own message.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environment()
        )
        assert process.stdout is not None
        with process.stdout:
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                process.wait()
                raise
        if process.wait():
            errors.seek(0)
            problem = errors.read().decode(errors="replace").strip()
            # ERROR comes from the server, whose disks are not ours.
            if os.strerror(errno.ENOSPC) in problem and "ERROR:" not in problem:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise CommandError(_("%(tool)s failed. %(problem)s") % {"tool": command[0], "problem": problem})


def _run(*command: str) -> None:
    with tool(*command) as output:
        output.read()


def environment() -> dict[str, str]:
    """The environment with which PostgreSQL's programs reach the database; a password is never an argument."""
    connected = _connected()
    parameters = {**connected.info.get_parameters(), "password": connected.info.password}
    names = {option.keyword.decode(): option.envvar.decode() for option in connected.pgconn.info if option.envvar}
    variables = {names[key]: value for key, value in parameters.items() if value and key in names}
    # English whatever the machine's language: `tool` reads the programs' messages.
    return {**os.environ, **variables, "LC_ALL": "C"}


@contextmanager
def replacing(copy: Path | None = None) -> Iterator[None]:
    """
    Inside, the default connection sees the database of a copy, or an empty one, which nobody else sees. At the end it
    becomes the real one; after an exception or a kill the real one is as it was.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")
            tables = ", ".join(map(connection.ops.quote_name, connection.introspection.table_names(cursor)))
            if tables:
                cursor.execute(f"DROP TABLE {tables}")
            if copy:
                _load(cursor, copy)
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            message = _("Other programs use the database. Stop all web and worker processes, then try again.")
            raise CommandError(message) from error
        raise


def _index_trigrams(cursor: CursorWrapper, statement: str) -> None:
    """Build an index of the extension pg_trgm, in whatever schema that is. Where it is not, a search is slower."""
    if has_trigrams():
        beginning, opens, key = statement.partition("(")
        column, end = key.partition(" ")[0], key.partition(TRIGRAMS)[2]
        cursor.execute(f"{beginning}{opens}{column} {TRIGRAMS}{end}")


def _load(cursor: CursorWrapper, path: Path) -> None:
    for statement, lines in _script(path):
        if TRIGRAMS.encode() in statement:
            _index_trigrams(cursor, statement.decode())
        elif lines is None:
            cursor.execute(statement.decode())
        else:
            with cursor.copy(statement.decode()) as copy:
                for line in lines:
                    copy.write(line)
    # Migrations that change rows and then their table need what they changed to be settled.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
