from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class JobRow(models.Model):
    """
    A row that waits for work. Its job (accounts.jobs) writes these columns; a new row is due at once.

    Every model that inherits this has a job in chatbot_site/jobs.py; a system check enforces it.
    """

    #: From when on it waits for a worker; null while there is nothing to do. After each slice of work it is set to
    #: the present, which puts the row behind the others.
    due_at = models.DateTimeField(
        _("due"), null=True, blank=True, editable=False, default=timezone.now, db_default=Now()
    )
    #: Until when a worker holds the row; null while nobody does. Once it is past, another worker may take over.
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    #: How often it was claimed since the last success. More than one: the last attempt failed or was cut off.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0, editable=False)
    #: Why the last attempt failed; empty after a success.
    last_error = models.TextField(_("last error"), blank=True, default="", db_default="", editable=False)

    #: Whether the claim took the row over from a worker whose lease had run out.
    was_cut_off: bool = False

    class Meta:
        abstract = True
