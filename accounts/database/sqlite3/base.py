"""
The threads of a process write into a SQLite database one after the other, in the order of coming. SQLite by itself
has whoever waits look again from time to time, and serves who looks at the right moment: under load some would wait
for seconds. Other processes are waited for as SQLite does it.
"""

import threading
import time
from collections import deque
from typing import Any

from django.db.backends.sqlite3 import base

#: Seconds that are none, for who waits.
NO_WAIT = 0.05

#: How statements begin that write nothing.
_READING = ("SELECT", "PRAGMA", "EXPLAIN")


class FairLock:
    """A lock that is given to those who wait in the order of coming."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Wait for the lock, for some seconds. Returns whether it is ours."""
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return True
            ours = threading.Event()
            self._waiting.append(ours)
        try:
            if ours.wait(timeout):
                return True
        except BaseException:
            if not self._leave(ours):
                self.release()
            raise
        return not self._leave(ours)

    def _leave(self, ours: threading.Event) -> bool:
        """Wait no more. Returns False when it was ours already at this moment."""
        with self._lock:
            if ours not in self._waiting:
                return False
            self._waiting.remove(ours)
            return True

    def release(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_held = False


#: By database.
_locks: dict[str, FairLock] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    _is_writing = False
    #: How long this connection waits for other processes, where that is not its timeout.
    _busy_timeout: float | None = None

    def create_cursor(self, name: Any = None) -> Any:
        cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def begin_writing(self) -> None:
        """
        Be the one thread of this process that writes. Raises OperationalError for who waits too long, as SQLite does:
        it is asked once more, and is busy.
        """
        if self._is_writing:
            return
        began, timeout = time.monotonic(), self._timeout
        self._is_writing = self._fair_lock.acquire(timeout)
        # Who has waited here does not wait as long for other processes.
        waited = time.monotonic() - began
        self._set_busy_timeout(timeout if waited < NO_WAIT else max(0, timeout - waited))

    @property
    def _timeout(self) -> float:
        return self.settings_dict["OPTIONS"].get("timeout", 5)

    def _set_busy_timeout(self, seconds: float) -> None:
        current = self._timeout if self._busy_timeout is None else self._busy_timeout
        if seconds != current:
            self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            self._busy_timeout = seconds

    def end_writing(self) -> None:
        if self._is_writing:
            self._is_writing = False
            self._fair_lock.release()

    @property
    def _fair_lock(self) -> FairLock:
        return _locks.setdefault(str(self.settings_dict["NAME"]), FairLock())

    def commit(self) -> None:
        super().commit()
        self.end_writing()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self.end_writing()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._busy_timeout = None
            self.end_writing()


class Cursor(base.SQLiteCursorWrapper):
    """A statement that writes, or begins a transaction that will, waits until no other thread does."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        if self.connection.in_transaction or query.startswith(_READING):
            return super().execute(query, params)
        self.wrapper.begin_writing()
        try:
            return super().execute(query, params)
        finally:
            self._end_writing_outside_transaction()

    def executemany(self, query: str, param_list: Any) -> Any:
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        self.wrapper.begin_writing()
        try:
            return super().executemany(query, param_list)
        finally:
            self._end_writing_outside_transaction()

    def _end_writing_outside_transaction(self) -> None:
        if not self.connection.in_transaction:
            self.wrapper.end_writing()
