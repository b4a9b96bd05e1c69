"""
When each queue was last worked on and the clock last ticked: a worker's own timer sends a task through each of its
queues, and the task notes the time. So a queue's heartbeat proves that its tasks run, and depends on neither the clock
nor another queue.
"""

import logging
import time
from typing import Any

from celery import bootsteps
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError as BrokerError

from . import liveness
from .clock import Clock
from .outages import is_of_redis

logger = logging.getLogger(__name__)

#: Seconds between two heartbeats.
INTERVAL = 5.0
#: Without a heartbeat for so many seconds a queue is not worked on, or the clock does not tick. Longer than tasks that
#: may occupy all workers of a queue at once (whatsapp.webhooks.process: 20 s).
MAX_AGE = 30.0
#: How long the time of the last heartbeat is stored (seconds).
RETENTION = 7 * 24 * 60 * 60

BEAT = "beat"


def queue_names() -> list[str]:
    """The queues that must be worked on."""
    return list(settings.CELERY_TASK_QUEUES)


def note(name: str) -> None:
    """Note a heartbeat of a queue, or of BEAT."""
    cache.set(_key(name), time.time(), RETENTION)


def note_for_version_before() -> None:
    """
    Keep the web processes of the version before ready while workers of this one run: their /readyz looks for this key,
    for as long as it lasts (seconds).
    """
    cache.set("worker-heartbeat", True, 60)


def forget() -> None:
    """Delete all heartbeats, as in an installation that has just been set up."""
    cache.delete_many([_key(name) for name in [*queue_names(), BEAT]])


def ages(names: list[str]) -> dict[str, float | None]:
    """Seconds since the last heartbeat of each; None without any. Raises redis' RedisError."""
    noted = cache.get_many([_key(name) for name in names])
    now = time.time()
    # The clocks of machines differ: not less than 0.
    return {name: max(0.0, now - noted[_key(name)]) if _key(name) in noted else None for name in names}


def _key(name: str) -> str:
    return f"heartbeat:{name}"


class QueueHeartbeats(bootsteps.StartStopStep):
    """A step of each worker: sends heartbeats through its queues, and shows that the worker lives."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        self.liveness = liveness.name_of_worker(consumer.hostname)
        self.note_heartbeat = consumer.app.tasks["chatbot_site.tasks.note_heartbeat"]
        self.queues = list(consumer.app.amqp.queues.consume_from)
        self.beat()
        self.timer = consumer.timer.call_repeatedly(INTERVAL, self.beat)

    def stop(self, consumer: Any) -> None:
        if getattr(self, "timer", None):
            self.timer.cancel()
            self.timer = None

    shutdown = stop

    def beat(self) -> None:
        liveness.show(self.liveness)
        try:
            for queue in self.queues:
                self.note_heartbeat.apply_async([queue], queue=queue, expires=MAX_AGE)
        except BrokerError as error:
            logger.warning("No heartbeat could be sent: %s", error)


class BeatScheduler(Clock):
    """The clock, which shows that it ticks."""

    _shown_at = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() >= self._shown_at + INTERVAL:
            self._shown_at = time.monotonic()
            self._show()
        return min(super().tick(*args, **kwargs), INTERVAL)

    def _show(self) -> None:
        liveness.show(BEAT)
        try:
            note(BEAT)
        except Exception as error:
            if not is_of_redis(error):
                raise
            logger.warning("No heartbeat could be noted: %s", error)
