from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import JobRow, TenantModel, TenantQuerySet


class ColumnsFrom(models.TextChoices):
    """By what the columns of a file are known."""

    HEADINGS = "headings", _("its headings")
    ASKED = "asked", _("not known yet")
    CHOSEN = "chosen", _("a choice")
    REMEMBERED = "remembered", _("an earlier choice")


class CustomerUploadQuerySet(TenantQuerySet):
    def unfinished(self) -> Self:
        """To be tried out, or to be imported. `due_at` alone does not say so: the version before does not write it."""
        asking = Q(columns_from=ColumnsFrom.ASKED)
        return self.filter(Q(tried_at=None) & ~asking | Q(started_at__isnull=False, applied_at=None))

    def under_way(self) -> Self:
        """Unfinished, and not given up."""
        return self.unfinished().filter(due_at__isnull=False)

    def without_contents(self) -> Self:
        """Leave out the large columns, which are read when they are needed."""
        return self.defer("text", "seen", "mistakes")


class CustomerUpload(JobRow, TenantModel):
    """
    A file of customers that is tried out, and imported when whoever uploaded it says so. Any worker continues either.
    Stored for a day, and shown to nobody else.

        uploaded → (asked about its columns →) tried out → started → applied
    """

    uploaded_by = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+", verbose_name=_("person")
    )
    file_name = models.CharField(_("file"), max_length=200)
    text = models.TextField(editable=False)
    # The sheet that the text is from, where a workbook has several.
    sheet = models.CharField(max_length=100, default="", db_default="", editable=False)
    # What each column is, as file_format.CustomerFile takes it; null where the headings say so.
    columns = models.JSONField(null=True, editable=False)
    columns_from = models.CharField(
        max_length=20, choices=ColumnsFrom, default=ColumnsFrom.HEADINGS, db_default="headings", editable=False
    )
    rows = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # What importing would do, and once it is started what it did, both so far; see uploads.summary.
    outcome = models.JSONField(editable=False)
    # Found by trying out: the row in which each person comes first, and why rows cannot be imported.
    seen = models.JSONField(default=dict, db_default={}, editable=False)
    mistakes = models.JSONField(default=list, db_default=[], editable=False)
    tried_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    # The last row that was tried out or imported.
    position = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    applied_at = models.DateTimeField(_("applied"), null=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = CustomerUploadQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "customer_uploads"
        verbose_name = _("file of customers")
        verbose_name_plural = _("files of customers")
        indexes = [
            # Serves: forgetting old files.
            models.Index("created_at", name="customer_upload_age"),
            # Serves: the files that are to be tried out or imported, and those that wait for somebody to start them.
            models.Index("due_at", name="customer_upload_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def rows_done(self) -> int:
        return self.outcome["created"] + self.outcome["updated"] + self.outcome["failed"]

    @property
    def is_under_way(self) -> bool:
        is_tried_out = self.tried_at or self.waits_for_columns
        return not is_tried_out or bool(self.started_at and not self.applied_at)

    @property
    def waits_for_columns(self) -> bool:
        """Whether somebody has to say first what its columns are."""
        return self.columns_from == ColumnsFrom.ASKED
