"""
The tasks that bring workers to due rows. Each may run twice or be lost: ticks find what is due in the database.

Each goes to the queue that is its argument (`route`).
"""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from . import registry, worker
from .job import Job

#: Seconds that the task waits for a worker; a tick repeats it.
WORK_OFF_TIMEOUT = 30


@shared_task(bind=True, expires=WORK_OFF_TIMEOUT)
def work_off(self: Task[[str], None], queue: str) -> None:
    """Work on due rows for some seconds. If any are left, the task is queued again, behind the others."""
    if worker.work_off(queue):
        self.delay(queue)


@shared_task
def give_due_work(queue: str) -> None:
    """Tick: queue work for rows that are due again, or whose task was lost."""
    for _ in range(worker.count_claimable(queue)):
        work_off.delay(queue)


@shared_task
def prune() -> dict[str, int]:
    """Tick: delete the rows whose retention is over."""
    return registry.prune()


def wake(job: Job) -> None:
    """Have a worker look for rows of this job once the transaction is committed."""
    work_off.delay_on_commit(job.queue)  # type: ignore[attr-defined]


def route(name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **more: Any) -> dict[str, str] | None:
    """The Celery router that sends these tasks to their queues."""
    if name in (work_off.name, give_due_work.name) and args:
        return {"queue": args[0]}
    return None
