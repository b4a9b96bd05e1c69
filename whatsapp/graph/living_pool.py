"""
Many calls to Meta at once, of what comes by the thousand. One event loop lives in a thread of its own as long as the
process, so that calls go on, and their connections stay open, while the threads that asked for them are at the
database.
"""

import asyncio
import atexit
import os
import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic

from . import pool
from .errors import AnswerLost
from .pool import Answer, Connections, Key
from .requests import Request

try:
    import uvloop
except ImportError:
    # It does not install on Windows; the calls then cost more.
    new_event_loop = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop


class LivingPool(Generic[Key]):
    """The calls that one thread has under way, each with a key, as in a RequestPool."""

    def __init__(self) -> None:
        self._connections = _living_connections()
        self._count = 0
        # What follows is the loop's, but for what `answers` takes of it.
        self._under_way: dict[asyncio.Task[Answer], Key] = {}
        self._ended: deque[tuple[Key, Answer]] = deque()
        self._gathered = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def start_all(self, calls: Iterable[tuple[Key, Request]]) -> None:
        """Begin calls."""
        calls = list(calls)
        self._connections.loop.call_soon_threadsafe(self._begin, calls)
        self._count += len(calls)

    def answers(self, timeout: float) -> list[tuple[Key, Answer]]:
        """
        Pairs of a key and its answer for the calls that have ended. Waits for the first of them and for those that
        follow it closely, but no longer than `timeout` seconds.
        """
        if self._count:
            self._gathered.wait(timeout)
        self._gathered.clear()
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        self._count -= len(ended)
        return ended

    def _begin(self, calls: list[tuple[Key, Request]]) -> None:
        for key, request in calls:
            task = self._connections.loop.create_task(self._connections.call(request))
            self._under_way[task] = key
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Answer]) -> None:
        key = self._under_way.pop(task)
        self._ended.append((key, AnswerLost("The call was given up.") if task.cancelled() else task.result()))
        if not self._under_way or len(self._ended) >= pool.GATHER_SIZE:
            self._hand_over()
        elif self._timer is None:
            self._timer = self._connections.loop.call_later(pool.GATHER_INTERVAL, self._hand_over)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._gathered.set()

    def close(self) -> None:
        """Forget the calls under way: their connections are closed, and nobody learns how they ended."""
        if self._count:
            self._connections.loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for task in self._under_way:
            task.cancel()


class LivingConnections(Connections):
    """Those of the whole process, with the thread in which their loop runs."""

    def __init__(self) -> None:
        super().__init__(new_event_loop())
        self._thread = threading.Thread(target=self.loop.run_forever, name="calls to Meta", daemon=True)
        self._thread.start()
        atexit.register(self._stop)

    def _stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=1)


_living: dict[int, LivingConnections] = {}
_lock = threading.Lock()


def _living_connections() -> LivingConnections:
    """A process that was forked has its own."""
    pid = os.getpid()
    with _lock:
        if pid not in _living:
            _living[pid] = LivingConnections()
        return _living[pid]
