"""Outages of the database: telling its errors from others, and replacing the connections that it breaks."""

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection, connections

T = TypeVar("T")

#: Seconds between two attempts to write.
RETRY_INTERVAL = 0.3

#: PostgreSQL's codes (Appendix A of its documentation): a broken connection, a full disk, too many connections, an
#: operator's intervention such as a shutdown, an error of the system; and the refusal of a standby.
OUTAGES = ("08", "53100", "53300", "57P", "58")
READ_ONLY = "25006"

#: SQLite's codes: another writer that takes too long, a full disk, a disk that cannot be read or written.
SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


def is_outage(error: BaseException) -> bool:
    """
    Whether an error means that the database or the connection to it has failed, so that the same statement may succeed
    later. A deadlock, the timeout of a lock and anything wrong with a row are no outages.
    """
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        # The low byte is the code; the others are details.
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in SQLITE_OUTAGES
    state = getattr(cause, "sqlstate", None)
    if state is None:
        # Found by the client library: there is no server, or the connection was closed.
        return isinstance(error, OperationalError)
    return state.startswith(OUTAGES) or state == READ_ONLY


def close_broken_connections() -> None:
    """
    Close this thread's connections that are broken or too old, so that new ones are opened. One in a transaction stays
    open, even if broken, until the transaction ends.
    """
    for opened in connections.all(initialized_only=True):
        if not opened.in_atomic_block:
            opened.close_if_unusable_or_obsolete()


def keep_trying(write: Callable[[], T], seconds: float) -> T:
    """
    Call `write`, which commits by itself and may be repeated, until it succeeds, for at most this many seconds. Raises
    the error of the last attempt; within a transaction, that of the first.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError, InternalError):
            if connection.in_atomic_block or time.monotonic() >= deadline:
                raise
        time.sleep(RETRY_INTERVAL)
        close_broken_connections()
