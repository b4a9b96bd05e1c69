from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel, TenantQuerySet


class CustomerUploadQuerySet(TenantQuerySet):
    def due(self):
        """Started, not done, and nobody is at it."""
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())
        return self.filter(free, started_at__isnull=False, applied_at__isnull=True)


class CustomerUpload(TenantModel):
    """
    A file of customers between trying it out and importing it, which any worker goes on with. Kept for a day, and
    shown to nobody else.
    """

    uploaded_by = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+", verbose_name=_("person")
    )
    file_name = models.CharField(_("file"), max_length=200)
    text = models.TextField(editable=False)
    rows = models.PositiveIntegerField(default=0, editable=False)
    # What importing would do, and once it is started what it did so far; see customer_uploads.summary.
    outcome = models.JSONField(editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    # The last row that was imported, and until when somebody is at the next ones.
    position = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    applied_at = models.DateTimeField(_("applied"), null=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = CustomerUploadQuerySet.as_manager()

    class Meta:
        db_table = "customer_uploads"
        verbose_name = _("file of customers")
        verbose_name_plural = _("files of customers")
        indexes = [
            # Serves: forgetting old files.
            models.Index("created_at", name="customer_upload_age"),
        ]

    def __str__(self):
        return self.file_name

    @property
    def rows_done(self):
        return self.outcome["created"] + self.outcome["updated"] + self.outcome["failed"]
