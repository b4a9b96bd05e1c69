"""A database that cannot be used at the moment: its errors, and the connections that it leaves behind."""

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, connection, connections

T = TypeVar("T")

#: Seconds between two tries to write what must be written.
RETRY_INTERVAL = 0.3

#: PostgreSQL's codes (Appendix A of its documentation): a broken connection, a full disk, too many connections, an
#: operator's intervention such as a shutdown, trouble of the system; and a standby's refusal.
OUTAGES = ("08", "53100", "53300", "57P", "58")
READ_ONLY = "25006"

#: SQLite's codes: another writer takes too long, a full disk, a disk that does not read or write.
SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


def is_outage(error: BaseException) -> bool:
    """
    Whether an error says that the database or the connection to it is out of order, so that the same statement may
    succeed later. A deadlock, a timeout of a lock and whatever is wrong with a row are not.
    """
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        # The low byte is the code, the others say more of it.
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in SQLITE_OUTAGES
    state = getattr(cause, "sqlstate", None)
    if state is None:
        # What the client's library found out by itself: no server, or a connection that was closed.
        return isinstance(error, OperationalError)
    return state.startswith(OUTAGES) or state == READ_ONLY


def close_broken_connections() -> None:
    """
    Close this thread's connections that were cut or are old, so that new ones are opened. A transaction keeps its
    connection, broken or not: it ends with it.
    """
    for opened in connections.all(initialized_only=True):
        if not opened.in_atomic_block:
            opened.close_if_unusable_or_obsolete()


def keep_trying(write: Callable[[], T], seconds: float) -> T:
    """
    Call `write`, which commits by itself and may be repeated, until the database takes it, for some seconds at most.
    Raises what the last try raised, and at once inside a transaction.
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
