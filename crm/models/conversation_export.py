from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.deletion.stored_files import random_name
from accounts.models import JobRow, TenantModel, TenantQuerySet


class ConversationExportQuerySet(TenantQuerySet):
    def unfinished(self) -> Self:
        """Files that are still to be written, of numbers that stay."""
        return self.not_being_deleted().filter(finished_at=None)


class ConversationExport(JobRow, TenantModel):
    """
    A file with the conversations of a number that takes too long to wait for: workers write it, any of them continues
    it, and whoever may export finds it for a week. It holds what was stored when it was asked for.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSONL"

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber",
        on_delete=models.CASCADE,
        related_name="conversation_exports",
        verbose_name=_("number"),
    )
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    format = models.CharField(_("format"), max_length=10, choices=Format.choices)
    # How many messages there were when it was asked for.
    total = models.PositiveBigIntegerField(_("messages"), default=0, editable=False)
    # How far it is: what is written, in so many bytes, up to the conversation with this id.
    conversations = models.PositiveBigIntegerField(_("conversations"), default=0, editable=False)
    done = models.PositiveBigIntegerField(_("messages written"), default=0, editable=False)
    position = models.BigIntegerField(default=0, editable=False)
    size = models.PositiveBigIntegerField(_("size"), default=0, editable=False)
    file = models.FileField(_("file"), upload_to=random_name, max_length=100, blank=True, editable=False)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    tenant_parent = "whatsapp_number"

    objects = ConversationExportQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "conversation_exports"
        verbose_name = _("export of conversations")
        verbose_name_plural = _("exports of conversations")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Serves: the files that are to be written.
            models.Index("due_at", name="conversation_export_waiting", condition=Q(due_at__isnull=False)),
            # Serves: forgetting old files.
            models.Index("created_at", name="conversation_export_age"),
            # Serves: the files of a business, when it is deleted.
            models.Index("business", name="conversation_export_business"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["whatsapp_number", "requested_by", "format"],
                condition=Q(finished_at=None),
                name="conversation_export_once_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.whatsapp_number} · {self.get_format_display()}"
