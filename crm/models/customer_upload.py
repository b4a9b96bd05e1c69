from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class CustomerUpload(TenantModel):
    """A file of customers between trying it out and importing it. Kept for a day, and shown to nobody else."""

    uploaded_by = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+", verbose_name=_("person")
    )
    file_name = models.CharField(_("file"), max_length=200)
    text = models.TextField(editable=False)
    # What importing would do, and once it is applied what it did; see customer_uploads.summary.
    outcome = models.JSONField(editable=False)
    applied_at = models.DateTimeField(_("applied"), null=True, editable=False)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

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
