"""A file of customers that a person uploads, looks at what it would do, and imports."""

from dataclasses import asdict
from datetime import timedelta

from django.utils import timezone

from .customer_file import CustomerFile
from .customer_import import import_customers
from .models import CustomerUpload
from .spreadsheets import text_of

KEPT = timedelta(days=1)

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
        outcome=summary(outcome),
    )


def apply(uploaded):
    """Import the file. Ended in the middle, it is begun again; once it is done, it is not done again."""
    if uploaded.applied_at:
        return
    uploaded.outcome = summary(import_customers(uploaded.business, file_of(uploaded), apply=True))
    uploaded.applied_at = timezone.now()
    uploaded.save(update_fields=["outcome", "applied_at"])


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
