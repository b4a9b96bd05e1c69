"""The calls that a process may have under way at once: each holds a slot."""

import threading
from collections import deque


class Slots:
    """
    Counts what is free. Whoever claims rows holds their slots first, so that no row's lease passes in a queue. Who
    waits for several has them in the order of coming.
    """

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._lock = threading.Lock()
        #: How many must be free for each of those who wait, and what wakes it.
        self._waiting: deque[tuple[int, threading.Event]] = deque()

    def acquire(self, wanted: int, leaving: int = 0) -> int:
        """Hold up to `wanted` slots, none of the last `leaving`. Returns how many are held."""
        with self._lock:
            return self._take(wanted, leaving)

    def acquire_several(self, wanted: int, leaving: int, at_least: int, timeout: float = 0) -> int:
        """
        The same, but at least so many, and after those who came before: wait up to `timeout` seconds for that, and
        then take what there is; without `timeout`, none.
        """
        place = min(at_least + leaving, self._total), threading.Event()
        with self._lock:
            self._waiting.append(place)
            self._wake_first()
        may_take = False
        try:
            may_take = place[1].wait(timeout) or bool(timeout)
        finally:
            with self._lock:
                self._waiting.remove(place)
                held = self._take(wanted, leaving) if may_take else 0
                self._wake_first()
        return held

    def release(self, held: int) -> None:
        with self._lock:
            self._free += held
            self._wake_first()

    def _take(self, wanted: int, leaving: int) -> int:
        held = max(0, min(wanted, self._free - leaving))
        self._free -= held
        return held

    def _wake_first(self) -> None:
        if self._waiting and self._free >= self._waiting[0][0]:
            self._waiting[0][1].set()
