"""Tells workers which numbers have new webhook events, so that a burst of POSTs does not make as many tasks."""

import logging
import os
import threading
import time

from .tasks import process_number

logger = logging.getLogger(__name__)

#: Seconds between two tasks for what comes through one process: so long an event waits at most.
INTERVAL = 0.02


class NumberPublisher:
    """
    Publishes a task for each number with new events, from a thread of its own, which begins with the first event.
    What a killed process did not publish, the tick `process_due_events` finds.
    """

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._number_ids: set[int] = set()
        self._process_id: int | None = None

    def publish(self, number_ids: set[int]) -> None:
        """Have the events of these numbers processed soon."""
        with self._lock:
            self._number_ids |= number_ids
            self._start_once()
        self._wanted.set()

    def _start_once(self) -> None:
        """A thread does not survive a fork, so each process has its own."""
        if self._process_id != os.getpid():
            self._process_id = os.getpid()
            threading.Thread(target=self._run, name="publish-webhook-events", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with self._lock:
                number_ids, self._number_ids = self._number_ids, set()
            try:
                for number_id in number_ids:
                    process_number.delay_on_commit(number_id)  # type: ignore[attr-defined]
            except Exception:
                # The tick finds these; the thread goes on for the next.
                logger.exception("The tasks for webhook events of %d numbers were not published.", len(number_ids))
            time.sleep(self._interval)


publisher = NumberPublisher()
