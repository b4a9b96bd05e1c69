"""How tasks reach the broker, and what becomes of them while the broker or the database is away."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any

from celery.app.amqp import AMQP
from celery.contrib.django.task import DjangoTask
from celery.result import AsyncResult
from django.db import InterfaceError, OperationalError, transaction
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from kombu.transport import TRANSPORT_ALIASES

from accounts.database.outages import close_broken_connections, is_outage

logger = logging.getLogger(__name__)

TRANSPORT_ALIASES |= {
    "memory": "chatbot_site.operations.memory_transport:Transport",
    **dict.fromkeys(("redis", "rediss"), "chatbot_site.operations.redis_transport:Transport"),
}

#: Seconds for which the broker is left alone after it was out of reach.
RESET_TIMEOUT = 2.0

#: Seconds until a worker tries again to reach a broker that is away.
RECONNECT_INTERVAL = 1.0

#: Seconds until a task runs again that the database failed, after its first failure, its second…; then it is left to
#: the ticks, which find what is due.
RETRY_DELAYS = (0.2, 1, 2)


class CircuitBreaker:
    """
    Lets calls through until one fails; then for some seconds none, and after that one at a time until one succeeds. So
    hardly anybody waits for something that is away. Shared by the threads of a process.
    """

    def __init__(self, reset_timeout: float) -> None:
        self.reset_timeout = reset_timeout
        #: When the next call is let through, a time.monotonic(); 0 after a call that succeeded.
        self._retry_at = 0.0
        self._lock = Lock()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around a call. Raises BrokerError at once while none is let through; notes whether the call raises it."""
        with self._lock:
            if self._retry_at:
                if time.monotonic() < self._retry_at:
                    raise BrokerError("The broker was out of reach a moment ago.")
                self._retry_at = time.monotonic() + self.reset_timeout
        try:
            yield
        except BrokerError:
            with self._lock:
                self._retry_at = time.monotonic() + self.reset_timeout
            raise
        self._retry_at = 0.0


breaker = CircuitBreaker(RESET_TIMEOUT)


class Task(DjangoTask):
    """
    A task whose work is in the database: it may run twice, and ticks find its work there when the broker did not get
    the task.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task. After an outage of the database it runs again soon."""
        try:
            return super().__call__(*args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            tries = self.request.retries or 0
            if self._is_not_retried or tries >= len(RETRY_DELAYS) or not is_outage(error):
                raise
            close_broken_connections()
            raise self.retry(exc=error, countdown=RETRY_DELAYS[tries], max_retries=len(RETRY_DELAYS)) from error

    @property
    def _is_not_retried(self) -> bool:
        """Whether the task is called like a function, where the caller wants its errors, or comes again as a tick."""
        request = self.request
        return request.called_directly or request.is_eager or getattr(request, "celery_beat_task", False)

    def apply_async(self, *args: Any, **kwargs: Any) -> AsyncResult:
        """Give the task to the broker. Raises BrokerError, and at once while the broker is known to be away."""
        if self.app.conf.task_always_eager:
            return super().apply_async(*args, **kwargs)
        with breaker.calling():
            return super().apply_async(*args, **kwargs)

    # Celery's own returns None too, whatever the stub says.
    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """
        Give the task to the broker after the commit. A broker out of reach is only logged: what was committed is done,
        and after an error people would do it twice.
        """
        transaction.on_commit(partial(self._delay_if_possible, *args, **kwargs))

    def _delay_if_possible(self, *args: Any, **kwargs: Any) -> None:
        try:
            self.delay(*args, **kwargs)
        except BrokerError as error:
            logger.error("The broker did not get the task %s: %s", self.name, error)


class BrokerConnection(Connection):
    """Waits for a broker that is away in short steps; kombu's own grow to half a minute."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        steps = {"interval_start": RECONNECT_INTERVAL, "interval_step": 0, "interval_max": RECONNECT_INTERVAL}
        return super().ensure_connection(*args, **(steps | options))


class Broker(AMQP):
    Connection = BrokerConnection
    BrokerConnection = BrokerConnection
