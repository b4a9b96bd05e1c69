"""Checks of what may hang, such as a database behind a firewall, that answer in time all the same."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedCheck(Generic[T]):
    """
    A question that is asked in a thread of its own. While it hangs, whoever asks again waits for the same answer, so
    that threads do not pile up. `hanging` is the answer when none comes in time.
    """

    def __init__(self, ask: Callable[[], T], hanging: T) -> None:
        self._ask = ask
        self._hanging = hanging
        self._asked: Future[T] | None = None
        self._lock = Lock()

    def begin(self) -> None:
        """Ask, unless an answer is awaited already."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                Thread(target=self._run, args=[self._asked], name="health", daemon=True).start()

    def answer(self, deadline: float) -> T:
        """The answer, or `hanging` when there is none by the deadline, a time.monotonic()."""
        asked = self._asked
        assert asked is not None, "Call begin() first."
        try:
            return asked.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            return self._hanging

    def _run(self, asked: "Future[T]") -> None:
        try:
            answer = self._ask()
        except BaseException as error:
            asked.set_exception(error)
        else:
            asked.set_result(answer)
