from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext

from .job_row import JobRow
from .tenant import TenantQuerySet


class DeletionQuerySet(TenantQuerySet):
    def open(self) -> DeletionQuerySet:
        return self.exclude(state="done")


class Deletion(JobRow):
    """
    The deletion of one row, or of the rows of a selection, with everything that depends on it; afterwards its
    receipt, which stays.

    waiting → running → done

    Nobody sees what is being deleted (accounts.tenancy). Any worker can continue it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")

    business = models.ForeignKey(
        "accounts.Business", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("business")
    )
    what = models.CharField(_("what"), max_length=100, help_text=_("The kind of thing, as app.model."))
    object_id = models.BigIntegerField(_("id"))
    name = models.CharField(_("name"), max_length=300)
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    requested_by_email = models.EmailField(_("e-mail"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    done = models.PositiveBigIntegerField(_("rows deleted"), default=0)
    total = models.PositiveBigIntegerField(_("rows to delete"), default=0)
    counts = models.JSONField(_("what was deleted"), default=dict)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    # When it was last exported, if it is of a kind that can be.
    exported_at = models.DateTimeField(_("exported"), null=True)
    # Rows that still refer to something deleted, as counted by the check at the end.
    orphans = models.PositiveIntegerField(_("rows left behind"), null=True)

    objects = DeletionQuerySet.as_manager()

    class Meta:
        db_table = "deletions"
        verbose_name = _("deletion")
        verbose_name_plural = _("deletions")
        ordering = ["-created_at", "-id"]
        # Serves: the list of a business's deletions, newest first.
        indexes = [
            models.Index("business", models.F("created_at").desc(), name="deletion_by_business"),
            # Serves: hiding what is being deleted.
            models.Index("what", "object_id", name="deletion_open", condition=~Q(state="done")),
            # Serves: the deletions that are due.
            models.Index("due_at", name="deletion_due", condition=Q(due_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["what", "object_id"], condition=~Q(state="done"), name="one_deletion_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_of_selection(self) -> bool:
        """Whether it deletes rows that were chosen together (accounts.models.Selection). They are not retired."""
        return self.what == "accounts.selection"

    @property
    def duration_text(self) -> str:
        if self.started_at is None or self.finished_at is None:
            return ""
        seconds = round((self.finished_at - self.started_at).total_seconds())
        if seconds < 60:
            return npgettext("duration", "%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
        return timesince(self.started_at, self.finished_at)

    @property
    def counts_by_table(self) -> dict[str, int]:
        """Table → number of its rows deleted. What in `counts` is no number is left out."""
        counts = self.counts if isinstance(self.counts, dict) else {}
        return {table: count for table, count in counts.items() if type(count) is int}

    def note(self, removed: Mapping[type[models.Model], int]) -> None:
        """Add deleted rows (model → number) to the counts by table."""
        counts = Counter(self.counts_by_table)
        for model, count in removed.items():
            counts[model._meta.db_table] += count
            self.done += count
        self.counts = dict(counts)
