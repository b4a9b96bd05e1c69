from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class JobRow(models.Model):
    """
    A row on which workers work. Its job (accounts.jobs) writes these columns; a row that is made is due at once.

    Every model that inherits this has a job in chatbot_site/jobs.py; a check sees to it.
    """

    #: From when on somebody is to work on it; null while there is nothing to do. What is worked on in slices goes
    #: behind the others by it.
    due_at = models.DateTimeField(
        _("due"), null=True, blank=True, editable=False, default=timezone.now, db_default=Now()
    )
    #: Until when one worker has it; null while nobody has. Whoever finds it in the past may take the row over.
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    #: How often it was claimed since a worker last got something done. More than one: the last attempt failed, or was
    #: cut off.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0, editable=False)
    #: Why the last attempt failed; empty once one succeeded.
    last_error = models.TextField(_("last error"), blank=True, default="", db_default="", editable=False)

    #: Of a claimed row: whether the lease of another worker had run out.
    was_cut_off: bool = False

    class Meta:
        abstract = True
