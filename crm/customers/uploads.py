"""
A file of customers that a person uploads, looks at what it would do, and imports.

Both are done in steps of some seconds, first while the page waits and then by whichever worker is free. How far a file
is, is written down: with every batch that is imported, and with every step of trying it out. So whatever ends a step
in the middle, somebody else goes on from there.
"""

import time
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation

from accounts.database.pacing import let_others_write
from accounts.jobs.leases import TakenOver, write_down
from crm.models import CustomerUpload

from . import file_import
from .file_format import CustomerFile
from .file_import import Outcome
from .spreadsheets import text_of

KEPT = timedelta(days=1)

#: How long a worker has for a batch, or a step of trying out, before another one may take the file.
LEASE = timedelta(minutes=1)

#: As many rows that cannot be imported are told on the page, and in the file of mistakes.
LISTED = 20
MAX_MISTAKES = 10_000


def upload(person, raw, file_name):
    """Keep a file, which is to be tried out. Raises Refusal for a file that is refused as a whole."""
    text = text_of(raw)
    return CustomerUpload.objects.create(
        business=person.business,
        uploaded_by=person,
        file_name=file_name[:200],
        text=text,
        rows=CustomerFile(text, person.business.country).count_rows(),
        outcome=summary(Outcome()),
    )


def start(uploaded):
    """Have a file imported that was tried out. Without effect when that was asked for before."""
    started = {"started_at": timezone.now(), "outcome": summary(Outcome()), "position": 0}
    CustomerUpload.objects.filter(pk=uploaded.pk, tried_at__isnull=False, started_at__isnull=True).update(**started)
    uploaded.refresh_from_db()


def go_on(uploaded, seconds):
    """Try out, or import, more of a file for some seconds or until it is done. One worker does that at a time."""
    if not CustomerUpload.objects.due().filter(pk=uploaded.pk).update(lease_until=timezone.now() + LEASE):
        return
    uploaded.refresh_from_db()
    parts = within(seconds, file_import.parts(file_of(uploaded), after=uploaded.position))
    with suppress(TakenOver):
        if uploaded.tried_at:
            import_more(uploaded, parts)
        else:
            try_out_more(uploaded, parts)


def within(seconds, parts):
    """
    As many parts as there is time for, and one at least, so that everybody gets further: to read up to the first one
    takes its time, which is not counted.
    """
    enough = None
    for part in parts:
        enough = enough or time.monotonic() + seconds
        yield part
        if time.monotonic() >= enough:
            return


def try_out_more(uploaded, parts):
    tried = Outcome()
    for rows in parts:
        tried.add(file_import.take(uploaded.business, rows))
        uploaded.position = rows[-1].row
    write_down(
        uploaded,
        outcome=sum_of(uploaded.outcome, tried),
        position=uploaded.position,
        seen=uploaded.seen,
        mistakes=(uploaded.mistakes + [asdict(failure) for failure in tried.failed])[:MAX_MISTAKES],
    )
    let_go(uploaded, "tried_at")


def import_more(uploaded, parts):
    for rows in parts:
        let_others_write()
        take(uploaded, rows)
    let_go(uploaded, "applied_at")


@transaction.atomic
def take(uploaded, rows):
    news = file_import.take(uploaded.business, rows, apply=True)
    write_down(
        uploaded,
        outcome=sum_of(uploaded.outcome, news),
        position=rows[-1].row,
        lease_until=timezone.now() + LEASE,
    )


def let_go(uploaded, done):
    """End a step; `done` is the time to write down when it was the last one."""
    is_done = uploaded.rows_done >= uploaded.rows
    write_down(uploaded, lease_until=None, **({done: timezone.now()} if is_done else {}))


def go_on_with_due(seconds=5):
    """Go on with every file that is not done, for some seconds each. Returns how many there were."""
    due = CustomerUpload.objects.due().without_contents().select_related("business", "uploaded_by")
    for uploaded in due:
        with translation.override(uploaded.uploaded_by.language or uploaded.business.language):
            go_on(uploaded, seconds)
    return len(due)


def file_of(uploaded):
    """The file; who is met in reading it is added to `seen`."""
    return CustomerFile(uploaded.text, uploaded.business.country, uploaded.seen)


def summary(outcome):
    """An Outcome as it is kept: its counts, and the first rows that fail."""
    told = asdict(outcome)
    return {**told, "failures": told["failed"][:LISTED], "failed": len(outcome.failed)}


def sum_of(told, outcome):
    """What was told so far, with an Outcome added."""
    both = {name: told[name] + more for name, more in summary(outcome).items()}
    return {**both, "failures": both["failures"][:LISTED]}


def forget_old():
    """Remove files that were uploaded over a day ago. Returns how many."""
    return CustomerUpload.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
