"""Which errors mean that something is out of reach or busy, and not that the program or a request is wrong."""

import sqlite3
import sys

from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerError

from accounts.database.outages import is_outage

#: PostgreSQL's classes of errors that are over soon: deadlocks, resources, locks, an operator's intervention.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
BUSY_CLASSES = ("40", "53", "55", "57")

#: SQLite's primary codes for the same. https://www.sqlite.org/rescode.html
BUSY_CODES = {sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


def is_temporary(error: BaseException) -> bool:
    """Whether trying again later may help."""
    if isinstance(error, BrokerError) or is_of_redis(error, "ConnectionError", "TimeoutError"):
        return True
    return is_outage(error) or (isinstance(error, OperationalError) and _is_busy(error.__cause__))


def is_of_redis(error: BaseException, *names: str) -> bool:
    """
    Whether an error is one of Redis' client, or of its errors one of these names. Where there is no Redis, nothing has
    imported the client.
    """
    client = sys.modules.get("redis")
    return client is not None and isinstance(error, tuple(getattr(client, name) for name in names or ["RedisError"]))


def _is_busy(cause: BaseException | None) -> bool:
    if isinstance(cause, sqlite3.Error):
        # The lowest byte of an extended code is the primary one.
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in BUSY_CODES
    return (getattr(cause, "sqlstate", None) or "").startswith(BUSY_CLASSES)
