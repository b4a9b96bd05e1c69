"""The clock: gives the ticks of CELERY_BEAT_SCHEDULE in time, but for those that would find nothing."""

import logging
import math
import time
from typing import Any

from celery.beat import Scheduler
from django.db import Error

from accounts.database.outages import close_broken_connections
from accounts.jobs.ticks import Look
from chatbot_site import ticks

logger = logging.getLogger(__name__)


class Clock(Scheduler):
    """
    Holds in memory when each tick is next: a file could be damaged by a second beat or a power cut. Every schedule is
    a number of seconds; Celery's own scheduler compares all of them at each tick, and reckons in time zones.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._look = Look(ticks.sought())
        #: By the name of a tick, when it is next: a time.monotonic().
        self._next: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Give the ticks whose time has come. Returns the seconds until the next."""
        now = time.monotonic()
        entries = [entry for entry in self.schedule.values() if self._is_its_time(entry, now)]
        idle = self._idle_ticks() if entries else set()
        for entry in entries:
            if entry.name not in idle:
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._next.values(), default=math.inf) - time.monotonic())

    def _is_its_time(self, entry: Any, now: float) -> bool:
        """Whether a tick is to be given now; then it is noted when it is next. The first time is after an interval."""
        interval = entry.schedule.run_every.total_seconds()
        when = self._next.setdefault(entry.name, now + interval)
        if when > now:
            return False
        self._next[entry.name] = when + interval if when + interval > now else now + interval
        return True

    def _idle_ticks(self) -> set[str]:
        """The ticks that would find nothing. None while the database does not answer: workers may reach it."""
        close_broken_connections()
        try:
            return self._look.idle()
        except Error as error:
            logger.warning("The clock could not look for what is due: %s", error)
            return set()
