"""
Works off the rows of a queue's jobs, a slice of some seconds at a time.

Workers of one queue take whatever it has, so that they are all of use to all of its jobs, and those jobs take turns.
"""

from __future__ import annotations

import random
import time
from threading import BoundedSemaphore
from typing import Any

from . import registry
from .job import Job, carry_out

#: Seconds that a worker has for a row before others have a turn.
SLICE = 5

#: So many threads of one process work on the jobs of a queue; its other threads are for what cannot wait. Together
#: fewer than the threads of `up`. The calls of one business are fewer than those of a process.
MAX_THREADS = {"calls": 6, "files": 3, "housekeeping": 2, "inbound": 2, "media": 3}

_free = {queue: BoundedSemaphore(threads) for queue, threads in MAX_THREADS.items()}


def work_off(queue: str, seconds: float = SLICE) -> bool:
    """
    Work on the rows of a queue's jobs that are due, for some seconds. Returns whether more could be claimed. With
    enough threads of this process at it already, those go on alone.
    """
    if not _free[queue].acquire(blocking=False):
        return False
    try:
        deadline = time.monotonic() + seconds
        while claimed := _claim(queue):
            carry_out(*claimed, max(deadline - time.monotonic(), 0))
            if time.monotonic() >= deadline:
                break
    finally:
        _free[queue].release()
    return count_claimable(queue) > 0


def _claim(queue: str) -> tuple[Job, Any] | None:
    """A row of one of the queue's jobs, each of which has the same chance to be the first that is asked."""
    jobs = registry.jobs_of(queue)
    for job in random.sample(jobs, len(jobs)):
        if (row := job.claim()) is not None:
            return job, row
    return None


def count_claimable(queue: str) -> int:
    """How many workers would find a row in a queue, at most as many as one process has threads for it."""
    return min(sum(job.count_claimable() for job in registry.jobs_of(queue)), MAX_THREADS[queue])
