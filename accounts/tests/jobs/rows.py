"""Rows that wait for work, and a job whose rules a test chooses. Deletions stand in for any model of a job."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.jobs.job import Job
from accounts.models import Business, Deletion

MINUTE = timedelta(minutes=1)


def row(business: Business | None, **fields: Any) -> Deletion:
    """A row of a job, due for a while."""
    fields = {"due_at": timezone.now() - MINUTE, **fields}
    made = Deletion.objects.create(what="crm.customer", object_id=Deletion.objects.count() + 1, **fields)
    Deletion.objects.filter(pk=made.pk).update(business=business)
    made.refresh_from_db()
    return made


def job(**rules: Any) -> Job:
    """A job whose work is whatever the test says."""
    defaults: dict[str, Any] = {"name": "a test's", "work": lambda row, seconds: False, "queue": "files"}
    return Job(model=Deletion, lease=MINUTE, **(defaults | rules))
