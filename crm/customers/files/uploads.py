"""
A file of customers that a person uploads, which is tried out, and imported when the person says so. Where it is not
clear what its columns are, the person is asked before, or was asked about an earlier file with these headings.

Both are done in slices of some seconds, first while the page waits and then by whichever worker is free. The row says
how far its file is: with every batch that is imported, and with every slice of trying it out. So whatever ends a slice
in the middle, another worker continues from there.
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
from accounts.jobs import job
from accounts.jobs.job import Job
from accounts.jobs.tasks import wake
from accounts.models import Business, User
from accounts.refusals import Refusal
from crm.models import ColumnsFrom, CustomerUpload

from . import column_mappings, file_import
from .contents import read_contents
from .file_format import CustomerFile, Failure, Row
from .file_import import Outcome
from .table import Table

#: How long a worker holds a row.
LEASE = timedelta(minutes=1)

RETENTION = timedelta(days=1)

#: Files of one business that may be under way.
MAX_UNDER_WAY = 20

#: Rows that cannot be imported, as many as are shown on the page and in the file of mistakes.
MAX_SHOWN_FAILURES = 20
MAX_MISTAKES = 10_000

#: Some rows of a file, as file_import.batches reads them.
Rows = list[Row | Failure]


def upload(person: User, raw: bytes, file_name: str) -> CustomerUpload:
    """
    Store a file of a member of a business, to be tried out. Raises Refusal for a file that is refused as a whole, and
    `too_many_files` while the business has many under way.
    """
    business = person.business
    assert business is not None
    _check_limit(business)
    contents = read_contents(raw, business.country)
    file = CustomerFile(contents.text, business.country)
    uploaded = CustomerUpload(
        business=business,
        uploaded_by=person,
        file_name=file_name[:200],
        text=contents.text,
        sheet=contents.sheet,
        outcome=summary(Outcome()),
    )
    if columns := column_mappings.remembered(business, file.table):
        uploaded.columns, uploaded.columns_from = columns, ColumnsFrom.REMEMBERED
    elif column_mappings.doubts(business, file.table):
        uploaded.columns_from, uploaded.due_at = ColumnsFrom.ASKED, None
    uploaded.rows = _file(uploaded).count_rows()
    uploaded.save()
    return uploaded


def table(uploaded: CustomerUpload) -> Table:
    """The columns of a file, as people are asked about them."""
    return Table(uploaded.text, uploaded.business.country)


def choose_columns(uploaded: CustomerUpload, columns: list[str]) -> None:
    """
    Say what each column of a file is, and remember it for files with these headings; the file is tried out anew.
    Raises Refusal: `wrong_columns`, `too_many_files`, and `already_started` when it is being imported.
    """
    _check_limit(uploaded.business)
    file = CustomerFile(uploaded.text, uploaded.business.country, columns=columns)
    chosen = {"columns": columns, "columns_from": ColumnsFrom.CHOSEN, "rows": file.count_rows(), "tried_at": None}
    anew = {"outcome": summary(Outcome()), "position": 0, "seen": {}, "mistakes": [], "due_at": timezone.now()}
    # Who works on it meanwhile has lost it.
    free = {"lease_until": None, "attempts": 0, "last_error": ""}
    with transaction.atomic():
        waiting = CustomerUpload.objects.filter(pk=uploaded.pk, started_at__isnull=True)
        if not waiting.update(**chosen, **anew, **free):
            raise Refusal("already_started", _("The file is being imported already: its columns cannot be changed."))
        column_mappings.remember(uploaded.business, file.table, columns)
    uploaded.refresh_from_db()


def _check_limit(business: Business) -> None:
    if CustomerUpload.objects.for_business(business).under_way().count() >= MAX_UNDER_WAY:
        raise Refusal(
            "too_many_files",
            _("%(count)d files are being imported already. Wait until one of them is done, then upload this one.")
            % {"count": MAX_UNDER_WAY},
        )


def start(uploaded: CustomerUpload) -> None:
    """Have a file imported that was tried out. Without effect when it was started before."""
    now = timezone.now()
    started = {"started_at": now, "outcome": summary(Outcome()), "position": 0, "due_at": now}
    CustomerUpload.objects.filter(pk=uploaded.pk, tried_at__isnull=False, started_at__isnull=True).update(**started)
    uploaded.refresh_from_db()


def advance(uploaded: CustomerUpload, seconds: float) -> None:
    """Try out, or import, a file for some seconds, while a page waits for it; workers do the rest."""
    job.advance(JOB, uploaded, seconds)
    if uploaded.is_under_way:
        wake(JOB)


def work(uploaded: CustomerUpload, seconds: float) -> bool:
    """Try out, or import, more of a claimed file for some seconds. Returns whether more is left."""
    with translation.override(uploaded.uploaded_by.language or uploaded.business.language):
        batches = _within(seconds, file_import.batches(_file(uploaded), after=uploaded.position))
        return _import(uploaded, batches) if uploaded.tried_at else _try_out(uploaded, batches)


def _within(seconds: float, batches: Iterable[Rows]) -> Iterator[Rows]:
    """
    As many batches as there is time for, and at least one, so that every slice gets further: reading up to the first
    one takes its time, which is not counted.
    """
    deadline = None
    for batch in batches:
        deadline = deadline or time.monotonic() + seconds
        yield batch
        if time.monotonic() >= deadline:
            return


def _try_out(uploaded: CustomerUpload, batches: Iterable[Rows]) -> bool:
    tried = Outcome()
    for rows in batches:
        tried.add(file_import.import_rows(uploaded.business, rows))
        uploaded.position = rows[-1].row
    JOB.write(
        uploaded,
        outcome=_sum(uploaded.outcome, tried),
        position=uploaded.position,
        seen=uploaded.seen,
        mistakes=(uploaded.mistakes + [asdict(failure) for failure in tried.failed])[:MAX_MISTAKES],
    )
    if uploaded.rows_done < uploaded.rows:
        return True
    # It stays due, for whoever starts it; until then it is not among the rows of the job.
    JOB.release(uploaded, tried_at=timezone.now())
    return False


def _import(uploaded: CustomerUpload, batches: Iterable[Rows]) -> bool:
    for rows in batches:
        let_others_write()
        _import_rows(uploaded, rows)
    if uploaded.rows_done < uploaded.rows:
        return True
    JOB.finish(uploaded, applied_at=timezone.now())
    return False


@transaction.atomic
def _import_rows(uploaded: CustomerUpload, rows: Rows) -> None:
    imported = file_import.import_rows(uploaded.business, rows, apply=True)
    JOB.extend(uploaded, outcome=_sum(uploaded.outcome, imported), position=rows[-1].row)


def _file(uploaded: CustomerUpload) -> CustomerFile:
    """The file; reading it adds to `seen` who is in it."""
    return CustomerFile(uploaded.text, uploaded.business.country, uploaded.seen, uploaded.columns)


def summary(outcome: Outcome) -> dict[str, Any]:
    """An Outcome as it is stored: its counts, and the first rows that fail."""
    values = asdict(outcome)
    return {**values, "failures": values["failed"][:MAX_SHOWN_FAILURES], "failed": len(outcome.failed)}


def _sum(so_far: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """A summary with an Outcome added."""
    both = {name: so_far[name] + more for name, more in summary(outcome).items()}
    return {**both, "failures": both["failures"][:MAX_SHOWN_FAILURES]}


JOB = Job(
    name="import customers",
    model=CustomerUpload,
    work=work,
    queue="files",
    # For a batch, or a slice of trying out.
    lease=LEASE,
    delays=(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10)),
    max_attempts=6,
    rows=CustomerUpload.objects.unfinished,
    retention=RETENTION,
)
