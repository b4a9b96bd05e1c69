"""The broker of `manage.py up` without Redis: kombu's queues in memory, whose reader sleeps until something comes."""

import time
from queue import Empty
from threading import Condition
from typing import Any

from kombu.transport import memory

#: Seconds after which a reader looks again without being told. Whatever lets it read on tells it.
POLLING_INTERVAL = 1.0


class _Bell:
    """Wakes readers. One that has looked in vain waits only if it was not rung since before it looked."""

    def __init__(self) -> None:
        self._condition = Condition()
        self.rung = 0

    def ring(self) -> None:
        with self._condition:
            self.rung += 1
            self._condition.notify_all()

    def wait(self, rung: int, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self.rung != rung, seconds)


_bell = _Bell()


class Channel(memory.Channel):
    """Rings when a message comes, and when a reader that had enough of them may take more."""

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _bell.ring()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)
        _bell.ring()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        super().basic_reject(delivery_tag, requeue)
        _bell.ring()

    def basic_consume(self, *args: Any, **kwargs: Any) -> str:
        tag = super().basic_consume(*args, **kwargs)
        _bell.ring()
        return tag

    def basic_qos(self, *args: Any, **kwargs: Any) -> None:
        super().basic_qos(*args, **kwargs)
        _bell.ring()


class Transport(memory.Transport):
    Channel = Channel

    # The stub has no timeout.
    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        """Deliver a message. Raises TimeoutError when none comes in `timeout` seconds."""
        assert self.cycle
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            rung = _bell.rung
            try:
                self.cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                left = POLLING_INTERVAL if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                _bell.wait(rung, min(left, POLLING_INTERVAL))
