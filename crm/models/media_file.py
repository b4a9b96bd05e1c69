from datetime import UTC, datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.deletion.stored_files import random_name
from accounts.models import JobRow, TenantModel
from whatsapp.graph.media_types import extension_of


class MediaFile(JobRow, TenantModel):
    """
    The file of a message. That of one that came by webhook is waiting until it is fetched from Meta. One of ours is
    stored at once, and uploaded to Meta before its message goes out. While one of these is still to be done, `due_at`
    says when.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        STORED = "stored"
        FAILED = "failed"

    #: `due_at` of a message in the ledger while its file is not uploaded.
    NOT_UPLOADED = datetime(9000, 1, 1, tzinfo=UTC)

    message = models.OneToOneField("crm.Message", on_delete=models.CASCADE, related_name="media_file")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # Why it was not transferred, a sentence for people.
    problem = models.CharField(max_length=500, blank=True)
    file = models.FileField(upload_to=random_name, max_length=100, blank=True)
    # What its sender called it.
    name = models.CharField(max_length=255, blank=True)
    mime = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    # Meta's id of the file, with which this number fetches or sends it.
    meta_id = models.CharField(max_length=100, blank=True)
    uploaded_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    tenant_parent = "message"

    class Meta:
        db_table = "media_files"
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["-id"]
        indexes = [
            # Serves: the files of a business, when it is deleted.
            models.Index("business", name="media_file_by_business"),
            # Serves: what is to be fetched and uploaded.
            models.Index("due_at", name="media_file_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.download_name

    @property
    def is_awaited(self) -> bool:
        """Whether it is still to be fetched from Meta."""
        return self.state == self.State.WAITING

    @property
    def is_stored(self) -> bool:
        return self.state == self.State.STORED

    @property
    def download_name(self) -> str:
        """The name its sender gave it, or one that says what it is."""
        return self.name or f"{self.message.type}-{self.message_id}{extension_of(self.mime)}"
