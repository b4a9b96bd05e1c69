"""
The tasks that carry rows to workers. Each may be called twice, or be lost: ticks find what is due in the database.

All of them go to the queue that is their argument (`route`).
"""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from . import registry, worker
from .job import Job

#: Seconds for which the offer of work waits for a worker; a tick makes it again.
OFFER_EXPIRES = 30


@shared_task(bind=True, expires=OFFER_EXPIRES)
def work_off(self: Task[[str], None], queue: str) -> None:
    """Work on the rows that are due, for some seconds; what is left goes behind what others have in the queue."""
    if worker.work_off(queue):
        self.delay(queue)


@shared_task
def give_due_work(queue: str) -> None:
    """Tick: rows that came back, or whose task was lost."""
    for _ in range(worker.count_claimable(queue)):
        work_off.delay(queue)


@shared_task
def prune() -> dict[str, int]:
    """Tick: delete what is older than its job keeps it."""
    return registry.prune()


def wake(job: Job) -> None:
    """Tell a worker, once the transaction is committed, that there is a row of this job."""
    work_off.delay_on_commit(job.queue)  # type: ignore[attr-defined]


def route(name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **more: Any) -> dict[str, str] | None:
    """The router of Celery that sends these tasks to their queue."""
    if name in (work_off.name, give_due_work.name) and args:
        return {"queue": args[0]}
    return None
