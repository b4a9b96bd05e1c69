from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.deletion.stored_files import random_name
from accounts.models import JobRow, TenantModel


class HeaderFile(JobRow, TenantModel):
    """
    A picture, film or document for the headers of templates that are sent through a number. It is uploaded to Meta
    once, and again before Meta forgets it as long as something needs it. A parameter of a template names it by
    `reference`.
    """

    #: How long its id may be sent: Meta keeps what was uploaded for 30 days (Cloud API, "Media").
    UPLOAD_RETENTION = timedelta(days=29)

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber", on_delete=models.CASCADE, related_name="header_files", verbose_name=_("number")
    )
    file = models.FileField(upload_to=random_name, max_length=100)
    # What its sender called it: so a document is called in the chat.
    name = models.CharField(max_length=255)
    # The kind of header that shows it: image, video or document.
    kind = models.CharField(max_length=10)
    mime = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(default=0)
    meta_id = models.CharField(max_length=100, blank=True, default="")
    uploaded_at = models.DateTimeField(null=True)
    # Why Meta did not take it, a sentence for people.
    problem = models.CharField(max_length=500, blank=True, default="")
    # When it was given up.
    refused_at = models.DateTimeField(null=True)
    # When a message or a broadcast last named it.
    used_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)

    tenant_parent = "whatsapp_number"

    class Meta:
        db_table = "header_files"
        verbose_name = _("file of a template")
        verbose_name_plural = _("files of templates")
        ordering = ["-id"]
        indexes = [
            # Serves: the files of a business, newest first.
            models.Index("business", "id", name="header_file_by_business"),
            # Serves: what is to be uploaded.
            models.Index("due_at", name="header_file_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """How a parameter of a template names it."""
        return f"file:{self.pk}"

    def is_at_meta(self, at: datetime | None = None) -> bool:
        """Whether Meta has it, and keeps it for now."""
        at = at or timezone.now()
        return bool(self.meta_id and self.uploaded_at and self.uploaded_at > at - self.UPLOAD_RETENTION)
