"""
A job: a kind of work that rows wait for, and the rules by which workers take it.

A worker claims a row for the length of a lease, works on it for some seconds, and writes to it only as long as nobody
has taken it over. When a worker is killed, another claims its row once the lease has run out.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, Count, F, Min, Model, Q, QuerySet, Value, When
from django.utils import timezone

logger = logging.getLogger(__name__)

#: The first half of the keys of the advisory locks of PostgreSQL that claims take.
CLAIM_LOCKS = 7_340_156


#: (Job, business) → when this process last claimed a row of it (time.monotonic()). Of businesses with equally many
#: rows under way, the one served longest ago comes first.
_served: dict[tuple[str, int | None], float] = {}


class TakenOver(Exception):
    """The lease ran out and another worker has the row, or nobody is to work on it any more."""


@dataclass(frozen=True)
class Columns:
    """The names that the columns of accounts.models.JobRow have in a job's model."""

    due_at: str = "due_at"
    lease_until: str = "lease_until"
    attempts: str = "attempts"
    last_error: str = "last_error"


@dataclass(frozen=True, kw_only=True)
class Job:
    """
    `work(row, seconds)` works on a claimed row for about that long. It returns True when there is more to do at once;
    otherwise it has settled the row (`finish`, `come_back`, `retry_after`, `park`) or deleted it. An exception counts
    as `retry`. Without `work` the rows are claimed by code of their own, and the job only keeps the books.
    """

    #: Names the job in its ticks, in logs and in locks.
    name: str
    model: type[Model]
    #: How long a worker holds a row; `extend` starts it again.
    lease: timedelta
    work: Callable[[Any, float], bool] | None = None
    #: The Celery queue, one of CELERY_TASK_QUEUES, and the seconds between two ticks that look for due rows.
    queue: str = ""
    interval: float = 5
    #: The name of the tick's task, for a job that has one of its own.
    tick: str = ""
    #: How many rows of one business may be under way; None for any number.
    share: int | None = 1
    #: After how long a row is due again, by the number of failures; the last one holds for all further ones.
    delays: tuple[timedelta, ...] = (timedelta(minutes=1),)
    #: How often a row is claimed without success before it is parked; None for any number.
    max_attempts: int | None = None
    #: Rows are pruned once their column `age` is older than this; `before_delete` prunes what depends on them first.
    retention: timedelta | None = None
    age: str = "created_at"
    before_delete: Callable[[QuerySet[Any]], None] | None = None
    #: The rows that are worked on at all. A claimed row that is no longer among them is lost to its worker.
    rows: Callable[[], QuerySet[Any]] | None = None
    #: Those of `rows` that may be claimed now.
    claimable: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    #: The rows that were given up, for a job with a rule of its own for that.
    given_up: Callable[[], QuerySet[Any]] | None = None
    #: A row that has been due for longer is stuck.
    stuck_after: timedelta = timedelta(minutes=15)
    columns: Columns = field(default_factory=Columns)

    def __str__(self) -> str:
        return self.name

    # --- Which rows ------------------------------------------------------------------------------------------

    def all_rows(self) -> QuerySet[Any]:
        """The rows that are worked on at all."""
        rows = self.rows() if self.rows else self.model._default_manager.all()
        return rows.order_by()

    def waiting(self, now: datetime | None = None) -> QuerySet[Any]:
        """The rows whose time has come, whether or not a worker holds them."""
        return self.all_rows().filter(**{f"{self.columns.due_at}__lte": now or timezone.now()})

    def free(self, now: datetime) -> QuerySet[Any]:
        """The rows whose time has come and that no worker holds, also those that may not be claimed for now."""
        lease_until = self.columns.lease_until
        return self.waiting(now).filter(Q(**{f"{lease_until}__isnull": True}) | Q(**{f"{lease_until}__lte": now}))

    def due(self, now: datetime | None = None) -> QuerySet[Any]:
        """The rows that may be claimed: their time has come, and no worker holds them."""
        rows = self.free(now or timezone.now())
        return self.claimable(rows) if self.claimable else rows

    def under_way(self, now: datetime | None = None) -> QuerySet[Any]:
        """The rows that workers hold."""
        now = now or timezone.now()
        return self.waiting(now).filter(**{f"{self.columns.lease_until}__gt": now})

    def parked(self) -> QuerySet[Any]:
        """The rows that were given up after too many attempts."""
        if self.given_up:
            return self.given_up()
        return self.all_rows().filter(
            **{f"{self.columns.due_at}__isnull": True, f"{self.columns.attempts}__gt": 0},
        )

    def count_claimable(self) -> int:
        """How many rows could be claimed now, by as many workers."""
        due = Counter(dict(self.due().values_list("business").annotate(Count("pk"))))
        busy = self._busy(timezone.now())
        share = self.share
        return sum(n if share is None else max(0, min(n, share - busy[key])) for key, n in due.items())

    # --- Claiming --------------------------------------------------------------------------------------------

    def claim(self, pk: Any = None) -> Any:
        """
        The row whose turn it is, ours for the length of a lease, or None; with `pk` this very row, if it is due.
        Businesses take turns: first comes the one with the fewest rows under way, then the one served longest ago. Of
        a business's rows, the one that has been due longest comes first.

        The row's `was_cut_off` tells whether it was taken over from a worker whose lease had run out.
        """
        with transaction.atomic(durable=True):
            _one_at_a_time(self.name)
            now = timezone.now()
            row = self._next(now, pk)
            if row is None:
                return None
            row.was_cut_off = self._get(row, "lease_until") is not None
            changes = {
                self.columns.lease_until: now + self.lease,
                self.columns.attempts: self._get(row, "attempts") + 1,
            }
            if not self.due(now).filter(pk=row.pk).update(**changes):
                return None
        _set(row, changes)
        return row

    def _next(self, now: datetime, pk: Any) -> Any:
        due = self.due(now)
        due = due if pk is None else due.filter(pk=pk)
        if self.share is not None:
            turns = self._turns(due, now)
            if not turns:
                return None
            business = min(turns, key=itemgetter(0, 1, 2))[-1]
            _served[self.name, business] = time.monotonic()
            due = due.filter(business=business)
        return due.order_by(self.columns.due_at, "pk").first()

    def _turns(self, due: QuerySet[Any], now: datetime) -> list[tuple[int, float, datetime, int | None]]:
        """
        The businesses of due rows that have a share left, each as: its number of rows under way, when this process
        last served it, since when its first row is due, its id. It is the turn of the smallest.
        """
        busy, share = self._busy(now), self.share or 0
        return [
            (busy[business], _served.get((self.name, business), 0.0), first, business)
            for business, first in due.values_list("business").annotate(Min(self.columns.due_at))
            if busy[business] < share
        ]

    def _busy(self, now: datetime) -> Counter[Any]:
        """Business → its number of rows under way."""
        if self.share is None:
            return Counter()
        return Counter(self.under_way(now).exclude(business=None).values_list("business", flat=True))

    # --- A claimed row ---------------------------------------------------------------------------------------

    def write(self, row: Any, **changes: Any) -> None:
        """Update a claimed row. Raises TakenOver, which rolls the transaction back."""
        lease = {self.columns.lease_until: self._get(row, "lease_until")}
        if not self.all_rows().filter(pk=row.pk, **lease).update(**changes):
            raise TakenOver
        _set(row, changes)

    def extend(self, row: Any, **changes: Any) -> None:
        """Hold a claimed row for the length of another lease. Raises TakenOver."""
        self.write(row, **changes, **{self.columns.lease_until: timezone.now() + self.lease})

    def release(self, row: Any, **changes: Any) -> None:
        """Give a claimed row back, to be continued when it is its turn again. Raises TakenOver."""
        self.come_back(row, timezone.now(), **changes)

    def finish(self, row: Any, **changes: Any) -> None:
        """Give a claimed row back: nothing is left to do. Raises TakenOver."""
        self.come_back(row, None, **changes)

    def come_back(self, row: Any, due_at: datetime | None, **changes: Any) -> None:
        """
        Give a claimed row back after a success, to be due again at a time (None: never). A time that was set
        meanwhile stays. Raises TakenOver.
        """
        self._settle(row, due_at, **{self.columns.attempts: 0, self.columns.last_error: "", **changes})

    def retry(self, row: Any, error: Exception | str, **changes: Any) -> None:
        """Give a claimed row back after a failure, to be retried by `delays`, or park it. Raises TakenOver."""
        attempts = self._get(row, "attempts")
        if self.max_attempts is not None and attempts >= self.max_attempts:
            self.park(row, error, **changes)
        else:
            self.retry_after(row, self.delay(attempts), error, **changes)

    def delay(self, attempts: int) -> timedelta:
        """How long to wait after this many attempts."""
        return self.delays[min(max(attempts, 1), len(self.delays)) - 1]

    def retry_after(self, row: Any, delay: timedelta, error: Exception | str, **changes: Any) -> None:
        """Give a claimed row back after a failure, to be retried after a delay. Raises TakenOver."""
        self._settle(row, timezone.now() + delay, **{self.columns.last_error: _text_of(error), **changes})

    def park(self, row: Any, error: Exception | str, **changes: Any) -> None:
        """Give a claimed row up: it is not retried until a person looks. Raises TakenOver."""
        self._settle(row, None, **{self.columns.last_error: _text_of(error), **changes})

    def _settle(self, row: Any, due_at: datetime | None, **changes: Any) -> None:
        name = self.columns.due_at
        as_claimed = When(**{name: self._get(row, "due_at")}, then=Value(due_at))
        self.write(row, **{name: Case(as_claimed, default=F(name)), self.columns.lease_until: None, **changes})
        setattr(row, name, due_at)

    def _get(self, row: Any, column: str) -> Any:
        return getattr(row, getattr(self.columns, column))

    # --- All rows --------------------------------------------------------------------------------------------

    def give_back(self) -> int:
        """Give all rows back, when a process starts as the only one on its database. Returns how many."""
        held = self.model._default_manager.filter(**{f"{self.columns.lease_until}__isnull": False})
        return held.update(**{self.columns.lease_until: None})


def run_claimed(job: Job, row: Any, seconds: float) -> bool:
    """
    Work on a claimed row for some seconds. Returns whether there is more to do at once. A failure is recorded on the
    row, which is retried later.
    """
    assert job.work is not None
    attempts = getattr(row, job.columns.attempts)
    with suppress(TakenOver):
        try:
            if job.max_attempts is not None and attempts > job.max_attempts:
                job.park(row, "The worker ended each time it worked on this.")
            elif job.work(row, seconds):
                job.release(row)
                return True
        except TakenOver:
            raise
        except Exception as error:
            logger.exception("%s: row %s failed and is retried later.", job, row.pk)
            job.retry(row, error)
    return False


def advance(job: Job, row: Any, seconds: float) -> bool:
    """
    Claim this very row, if it is due and its business has a share left, and work on it for some seconds. Returns
    whether there is more to do at once. Afterwards `row` is as in the database.
    """
    claimed = job.claim(row.pk)
    more = claimed is not None and run_claimed(job, claimed, seconds)
    with suppress(type(row).DoesNotExist):
        row.refresh_from_db()
    return more


def _one_at_a_time(name: str) -> None:
    """Be the only one to claim rows of a job, until the transaction ends. SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)", [CLAIM_LOCKS, zlib.crc32(name.encode()) & 0x7FFFFFFF]
            )


def _set(row: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(row, name, value)


def _text_of(error: Exception | str) -> str:
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return text[:2000]
