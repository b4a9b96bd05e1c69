"""The jobs of this installation, and what follows from them: ticks, pruning, giving rows back, stuck rows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import JobRow

from .job import Job
from .ticks import Sought

#: Rows deleted in one transaction.
BATCH = 1000

_jobs: dict[str, Job] = {}


def register(jobs: Iterable[Job]) -> None:
    """Register jobs. chatbot_site registers all of them when the apps are ready."""
    for job in jobs:
        _jobs[job.name] = job


def jobs() -> list[Job]:
    """All jobs."""
    return list(_jobs.values())


def jobs_of(queue: str) -> list[Job]:
    """The jobs of a queue whose rows accounts.jobs.tasks.work_off works on."""
    return [job for job in jobs() if job.queue == queue and job.work]


def beat_schedule() -> dict[str, dict[str, Any]]:
    """The entries of CELERY_BEAT_SCHEDULE for jobs: a tick for each queue, and those of jobs with their own."""
    own = {tick: _entry(job.tick, [], job.interval, job.queue) for tick, [job] in _jobs_of_own_ticks().items()}
    queues = {
        tick: _entry(
            "accounts.jobs.tasks.give_due_work", [jobs[0].queue], min(job.interval for job in jobs), jobs[0].queue
        )
        for tick, jobs in _jobs_of_queue_ticks().items()
    }
    return {**own, **queues}


def sought_by_ticks() -> dict[str, Sought]:
    """What each tick of `beat_schedule` looks for."""
    return {tick: _free_rows_of(jobs) for tick, jobs in {**_jobs_of_own_ticks(), **_jobs_of_queue_ticks()}.items()}


def _free_rows_of(jobs: list[Job]) -> Sought:
    return lambda now: [job.free(now) for job in jobs]


def _jobs_of_own_ticks() -> dict[str, list[Job]]:
    return {f"{job.name}: what is due": [job] for job in jobs() if job.tick}


def _jobs_of_queue_ticks() -> dict[str, list[Job]]:
    queues = sorted({job.queue for job in jobs() if job.work})
    return {f"jobs of {queue}: what is due": jobs_of(queue) for queue in queues}


def _entry(task: str, arguments: list[str], interval: float, queue: str) -> dict[str, Any]:
    return {"task": task, "args": arguments, "schedule": interval, "options": {"expires": 60, "queue": queue}}


def give_back() -> int:
    """Give back what a killed process held, when one starts as the only one on its database. Returns how many rows."""
    return sum(job.give_back() for job in jobs())


def prune(seconds: float = 20) -> dict[str, int]:
    """For some seconds, delete the rows whose retention is over. Returns how many, by the job's name."""
    deadline = time.monotonic() + seconds
    return {job.name: _prune(job, deadline) for job in jobs() if job.retention}


def _prune(job: Job, deadline: float) -> int:
    assert job.retention is not None
    old = job.model._default_manager.filter(**{f"{job.age}__lt": timezone.now() - job.retention}).order_by(job.age)
    pruned = 0
    while pks := list(old.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows = job.model._default_manager.filter(pk__in=pks)
            if job.before_delete:
                job.before_delete(rows)
            pruned += rows.delete()[1].get(job.model._meta.label, 0)
        if time.monotonic() >= deadline:
            break
    return pruned


Why = Literal["overdue", "abandoned", "parked"]


@dataclass(frozen=True)
class Stuck:
    """A row that waits in vain for a worker: since when (None: unknown), and its last error."""

    job: str
    pk: Any
    business_id: int | None
    why: Why
    since: datetime | None
    error: str


def stuck(limit: int = 100) -> list[Stuck]:
    """
    The rows that a person should look at, at most `limit` of each job and reason: due for longer than the job's
    `stuck_after`, held for as long by a worker that is gone, or parked.
    """
    return [row for job in jobs() for row in _stuck_rows(job, limit)]


def _stuck_rows(job: Job, limit: int) -> Iterable[Stuck]:
    now, columns = timezone.now(), job.columns
    overdue = job.due(now - job.stuck_after) if job.work or job.tick else job.model._default_manager.none()
    kinds: dict[Why, tuple[QuerySet[Any], str]] = {
        "overdue": (overdue.filter(**{f"{columns.lease_until}__isnull": True}), columns.due_at),
        "abandoned": (overdue.filter(**{f"{columns.lease_until}__isnull": False}), columns.lease_until),
        "parked": (job.parked(), columns.due_at),
    }
    for why, (rows, since) in kinds.items():
        for pk, business, when, error in rows.order_by(since, "pk").values_list(
            "pk", "business", since, columns.last_error
        )[:limit]:
            yield Stuck(job.name, pk, business, why, when, error)


def every_job_row_has_a_job(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """System check: the rows of a JobRow without a job would wait for ever."""
    known = {job.model for job in jobs()}
    return [
        Error(
            f"{model._meta.label} is a JobRow, and no job works on its rows.",
            hint="Write a Job for it and add it to chatbot_site/jobs.py.",
            obj=model,
            id="jobs.E001",
        )
        for model in apps.get_models()
        if issubclass(model, JobRow) and model not in known
    ]


def every_queue_exists(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """System check: no worker reads a queue that is not in CELERY_TASK_QUEUES."""
    from django.conf import settings

    return [
        Error(
            f"The job “{job}” is of the queue {job.queue!r}, which is not in CELERY_TASK_QUEUES.",
            hint=f"Choose one of: {', '.join(settings.CELERY_TASK_QUEUES)}",
            id="jobs.E002",
        )
        for job in jobs()
        if job.queue and job.queue not in settings.CELERY_TASK_QUEUES
    ]
