"""The calls to Meta that this process may have under way at once."""

import threading

#: A process of ours never has more calls under way.
MAX_CALLS = 100

#: How many of them bulk sending leaves to everything else.
RESERVED_FOR_REPLIES = 10


class Slots:
    """Counts what is free. Whoever claims rows holds their slots first, so that no row's lease passes in a queue."""

    def __init__(self, total: int) -> None:
        self._free = total
        self._lock = threading.Lock()

    def acquire(self, wanted: int, leaving: int = 0) -> int:
        """Hold up to `wanted` slots, none of the last `leaving`. Returns how many are held."""
        with self._lock:
            held = max(0, min(wanted, self._free - leaving))
            self._free -= held
            return held

    def release(self, held: int) -> None:
        with self._lock:
            self._free += held


slots = Slots(MAX_CALLS)
