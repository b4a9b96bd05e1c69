"""Which errors say that the database or Redis is out of reach or busy, rather than that a program is wrong."""

import sqlite3

from django.db import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

#: PostgreSQL's classes of codes: connections, rollbacks, resources, locks, an operator's intervention, the system.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL_CLASSES = ("08", "40", "53", "55", "57", "58")

#: SQLite's primary codes. https://www.sqlite.org/rescode.html
SQLITE_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}


def is_outage(error: BaseException) -> bool:
    """Whether trying again later may help, since nothing of the program or of the request is at fault."""
    if isinstance(error, (InterfaceError, RedisConnectionError, RedisTimeoutError, BrokerError)):
        return True
    return isinstance(error, OperationalError) and _is_outage_of_database(error.__cause__)


def _is_outage_of_database(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        # The lowest byte of an extended code is the primary one.
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in SQLITE_CODES
    # A connection that was refused or cut has no code.
    code = getattr(cause, "sqlstate", None)
    return code is None or code.startswith(POSTGRESQL_CLASSES)
