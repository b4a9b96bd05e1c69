"""The calls to Meta that this process may have under way at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

#: Under the 100 calls a process is allowed; more threads than this only wait for each other.
SLOTS = 64


class Slots:
    """Counts what is free. Whoever claims rows holds their slots first, so that no row's lease passes in a queue."""

    def __init__(self, total):
        self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def some(self, wanted):
        """Hold up to `wanted` slots, at least one, waiting for it if need be."""
        with self._changed:
            self._changed.wait_for(lambda: self._free)
            held = min(wanted, self._free)
            self._free -= held
        try:
            yield held
        finally:
            with self._changed:
                self._free += held
                self._changed.notify_all()


slots = Slots(SLOTS)


@lru_cache
def threads():
    """The threads that call, each with its kept connection; made in the process that uses them."""
    return ThreadPoolExecutor(SLOTS, thread_name_prefix="sending")
