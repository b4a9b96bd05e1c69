"""
A file of customers that a person uploads, looks at what it would do, and imports.

What is imported, and how far that is, is written down together, batch by batch: whatever ends it in the middle,
somebody else goes on from there.
"""

import time
from dataclasses import asdict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation

from . import customer_import
from .customer_file import CustomerFile
from .customer_import import Outcome, import_customers
from .models import CustomerUpload
from .spreadsheets import text_of

KEPT = timedelta(days=1)

#: How long a worker has for a batch before another one may take it.
LEASE = timedelta(minutes=1)

#: As many rows that cannot be imported are told on the page; the file of mistakes has all of them.
LISTED = 20


def upload(person, raw, file_name):
    """Keep a file and say what importing it would do. Raises Refusal for a file that is refused as a whole."""
    text = text_of(raw)
    outcome = import_customers(person.business, CustomerFile(text, person.business.country))
    return CustomerUpload.objects.create(
        business=person.business,
        uploaded_by=person,
        file_name=file_name[:200],
        text=text,
        rows=outcome.created + outcome.updated + len(outcome.failed),
        outcome=summary(outcome),
    )


def start(uploaded):
    """Have the file imported. Without effect when that was asked for before."""
    started = {"started_at": timezone.now(), "outcome": summary(Outcome())}
    CustomerUpload.objects.filter(pk=uploaded.pk, started_at__isnull=True).update(**started)
    uploaded.refresh_from_db()


def go_on(uploaded, seconds):
    """Import more of a file that was started, for some seconds or until it is done. One worker does that at a time."""
    if not CustomerUpload.objects.due().filter(pk=uploaded.pk).update(lease_until=timezone.now() + LEASE):
        return
    uploaded.refresh_from_db()
    enough = None
    for rows in customer_import.parts(file_of(uploaded), after=uploaded.position):
        # Counted from here: to read up to where the last one came takes its time, and each is to get further.
        enough = enough or time.monotonic() + seconds
        if time.monotonic() > enough:
            break
        customer_import.let_others_write()
        take(uploaded, rows)
    else:
        uploaded.applied_at = timezone.now()
    uploaded.lease_until = None
    uploaded.save(update_fields=["applied_at", "lease_until"])


@transaction.atomic
def take(uploaded, rows):
    news = summary(customer_import.take(uploaded.business, rows, apply=True))
    uploaded.outcome = {name: uploaded.outcome[name] + told for name, told in news.items()}
    uploaded.outcome["failures"] = uploaded.outcome["failures"][:LISTED]
    uploaded.position = rows[-1].row
    uploaded.lease_until = timezone.now() + LEASE
    uploaded.save(update_fields=["outcome", "position", "lease_until"])


def go_on_with_due(seconds=8):
    """Go on with every file that was started, for some seconds each. Returns how many there were."""
    due = CustomerUpload.objects.due().select_related("business", "uploaded_by")
    for uploaded in due:
        with translation.override(uploaded.uploaded_by.language or uploaded.business.language):
            go_on(uploaded, seconds)
    return len(due)


def failures(uploaded):
    """Every row that cannot be imported."""
    return import_customers(uploaded.business, file_of(uploaded)).failed


def file_of(uploaded):
    return CustomerFile(uploaded.text, uploaded.business.country)


def summary(outcome):
    """An Outcome as it is kept: its counts, and the first rows that fail."""
    told = asdict(outcome)
    return {**told, "failures": told["failed"][:LISTED], "failed": len(outcome.failed)}


def forget_old():
    """Remove files that were uploaded over a day ago. Returns how many."""
    return CustomerUpload.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
