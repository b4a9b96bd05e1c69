"""
A file of customers that a person uploads, looks at what it would do, and imports.

Both are done in slices of some seconds, first while the page waits and then by whichever worker is free. How far a
file is, is written down: with every batch that is imported, and with every slice of trying it out. So whatever ends a
slice in the middle, somebody else goes on from there.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.pacing import let_others_write
from accounts.jobs.job import Job, advance
from accounts.jobs.tasks import wake
from accounts.models import User
from accounts.refusals import Refusal
from crm.models import CustomerUpload

from . import file_import
from .file_format import CustomerFile
from .file_import import Outcome
from .spreadsheets import text_of

RETENTION = timedelta(days=1)

#: So many files of one business are tried out or imported at most.
MAX_UNDER_WAY = 20

#: As many rows that cannot be imported are told on the page, and in the file of mistakes.
LISTED = 20
MAX_MISTAKES = 10_000

#: A part of a file, as file_import.parts reads it.
Part = list[Any]


def upload(person: User, raw: bytes, file_name: str) -> CustomerUpload:
    """
    Keep a file, which is to be tried out. Raises Refusal for a file that is refused as a whole, and
    `too_many_files` while the business has many under way.
    """
    _check_room(person)
    text = text_of(raw)
    return CustomerUpload.objects.create(
        business=person.business,
        uploaded_by=person,
        file_name=file_name[:200],
        text=text,
        rows=CustomerFile(text, person.business.country).count_rows(),
        outcome=summary(Outcome()),
    )


def _check_room(person: User) -> None:
    if CustomerUpload.objects.for_business(person.business).under_way().count() >= MAX_UNDER_WAY:
        raise Refusal(
            "too_many_files",
            _("%(count)d files are being imported already. Wait until one of them is done, then upload this one.")
            % {"count": MAX_UNDER_WAY},
        )


def start(uploaded: CustomerUpload) -> None:
    """Have a file imported that was tried out. Without effect when that was asked for before."""
    now = timezone.now()
    started = {"started_at": now, "outcome": summary(Outcome()), "position": 0, "due_at": now}
    CustomerUpload.objects.filter(pk=uploaded.pk, tried_at__isnull=False, started_at__isnull=True).update(**started)
    uploaded.refresh_from_db()


def begin(uploaded: CustomerUpload, seconds: float) -> None:
    """Try out, or import, a file for some seconds, while a page waits for it; workers go on with what is left."""
    advance(JOB, uploaded, seconds)
    if uploaded.is_under_way:
        wake(JOB)


def work(uploaded: CustomerUpload, seconds: float) -> bool:
    """Try out, or import, more of a claimed file for some seconds. Returns whether more is left."""
    with translation.override(uploaded.uploaded_by.language or uploaded.business.language):
        parts = within(seconds, file_import.parts(file_of(uploaded), after=uploaded.position))
        return import_more(uploaded, parts) if uploaded.tried_at else try_out_more(uploaded, parts)


def within(seconds: float, parts: Iterable[Part]) -> Iterator[Part]:
    """
    As many parts as there is time for, and one at least, so that everybody gets further: to read up to the first one
    takes its time, which is not counted.
    """
    deadline = None
    for part in parts:
        deadline = deadline or time.monotonic() + seconds
        yield part
        if time.monotonic() >= deadline:
            return


def try_out_more(uploaded: CustomerUpload, parts: Iterable[Part]) -> bool:
    tried = Outcome()
    for rows in parts:
        tried.add(file_import.take(uploaded.business, rows))
        uploaded.position = rows[-1].row
    JOB.write(
        uploaded,
        outcome=sum_of(uploaded.outcome, tried),
        position=uploaded.position,
        seen=uploaded.seen,
        mistakes=(uploaded.mistakes + [asdict(failure) for failure in tried.failed])[:MAX_MISTAKES],
    )
    if uploaded.rows_done < uploaded.rows:
        return True
    # It stays due, for whoever starts it; until then it is not among the rows of the job.
    JOB.release(uploaded, tried_at=timezone.now())
    return False


def import_more(uploaded: CustomerUpload, parts: Iterable[Part]) -> bool:
    for rows in parts:
        let_others_write()
        take(uploaded, rows)
    if uploaded.rows_done < uploaded.rows:
        return True
    JOB.finish(uploaded, applied_at=timezone.now())
    return False


@transaction.atomic
def take(uploaded: CustomerUpload, rows: Part) -> None:
    imported = file_import.take(uploaded.business, rows, apply=True)
    JOB.extend(uploaded, outcome=sum_of(uploaded.outcome, imported), position=rows[-1].row)


def file_of(uploaded: CustomerUpload) -> CustomerFile:
    """The file; who is met in reading it is added to `seen`."""
    return CustomerFile(uploaded.text, uploaded.business.country, uploaded.seen)


def summary(outcome: Outcome) -> dict[str, Any]:
    """An Outcome as it is kept: its counts, and the first rows that fail."""
    told = asdict(outcome)
    return {**told, "failures": told["failed"][:LISTED], "failed": len(outcome.failed)}


def sum_of(so_far: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """A summary with an Outcome added."""
    both = {name: so_far[name] + more for name, more in summary(outcome).items()}
    return {**both, "failures": both["failures"][:LISTED]}


JOB = Job(
    name="import customers",
    model=CustomerUpload,
    work=work,
    queue="files",
    # For a batch, or a slice of trying out.
    lease=timedelta(minutes=1),
    delays=(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10)),
    max_attempts=6,
    rows=CustomerUpload.objects.unfinished,
    retention=RETENTION,
)
