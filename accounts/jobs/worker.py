"""
Works on the due rows of a queue's jobs, for a slice of some seconds at a time.

Every worker of a queue serves all of its jobs, which take turns.
"""

from __future__ import annotations

import random
import time
from threading import BoundedSemaphore
from typing import Any

from . import registry
from .job import Job, run_claimed

#: Seconds that a worker spends on a row before it is the turn of others.
SLICE = 5

#: Queue → how many threads of one process work on its jobs; the others are for what cannot wait. In sum fewer than the
#: threads of `up`. One business may have fewer calls under way than a process has threads for them.
MAX_THREADS = {"calls": 6, "files": 3, "housekeeping": 2, "inbound": 2, "media": 3}

_free = {queue: BoundedSemaphore(threads) for queue, threads in MAX_THREADS.items()}


def work_off(queue: str, seconds: float = SLICE) -> bool:
    """
    Work on the due rows of a queue's jobs for some seconds. Returns whether more could be claimed. Does nothing when
    enough threads of this process are working on them already.
    """
    if not _free[queue].acquire(blocking=False):
        return False
    try:
        deadline = time.monotonic() + seconds
        while claimed := _claim(queue):
            run_claimed(*claimed, max(deadline - time.monotonic(), 0))
            if time.monotonic() >= deadline:
                break
    finally:
        _free[queue].release()
    return count_claimable(queue) > 0


def _claim(queue: str) -> tuple[Job, Any] | None:
    """A claimed row of one of the queue's jobs, which are asked in random order."""
    jobs = registry.jobs_of(queue)
    for job in random.sample(jobs, len(jobs)):
        if (row := job.claim()) is not None:
            return job, row
    return None


def count_claimable(queue: str) -> int:
    """How many workers would find a row in a queue, at most the threads that one process has for it."""
    return min(sum(job.count_claimable() for job in registry.jobs_of(queue)), MAX_THREADS[queue])
