"""The calls that a process may have under way at once: each holds a slot."""

import threading
import time
from collections import deque


class Slots:
    """
    Counts what is free. Whoever claims rows holds their slots first, so that no row's lease passes in a queue. Who
    waits for several has them in the order of coming.
    """

    def __init__(self, total: int) -> None:
        self._total = self._free = total
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    def acquire(self, wanted: int, leaving: int = 0) -> int:
        """Hold up to `wanted` slots, none of the last `leaving`. Returns how many are held."""
        with self._changed:
            return self._take(wanted, leaving)

    def acquire_several(self, wanted: int, leaving: int, at_least: int, timeout: float = 0) -> int:
        """
        The same, but at least so many, and after those who came before: wait up to `timeout` seconds for that, and
        then take what there is; without `timeout`, none.
        """
        at_least = min(at_least, self._total - leaving)
        ticket, deadline = object(), time.monotonic() + timeout
        with self._changed:
            self._waiting.append(ticket)
            while not (is_served := self._waiting[0] is ticket and self._free - leaving >= at_least):
                if not self._changed.wait(deadline - time.monotonic()):
                    break
            self._waiting.remove(ticket)
            self._changed.notify_all()
            return self._take(wanted, leaving) if is_served or timeout else 0

    def _take(self, wanted: int, leaving: int) -> int:
        held = max(0, min(wanted, self._free - leaving))
        self._free -= held
        return held

    def release(self, held: int) -> None:
        with self._changed:
            self._free += held
            self._changed.notify_all()
