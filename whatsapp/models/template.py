from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel, TenantQuerySet
from whatsapp.template_parameters import filled, parts_of

if TYPE_CHECKING:
    from .number import WhatsAppNumber


class MessageTemplateQuerySet(TenantQuerySet):
    def of_number(self, number: "WhatsAppNumber") -> Self:
        """Those of the WhatsApp Business account that a number belongs to, in its business."""
        if not number.waba_id:
            return self.none()
        return self.filter(business=number.business_id, waba_id=number.waba_id)


class MessageTemplate(TenantModel):
    """
    A message template of a WABA as last read from Meta. Numbers of one WABA share it, so it hangs on no number.
    """

    class Status(models.TextChoices):
        """Meta's statuses that have a label here; others are stored as they come (Cloud API, "Template status")."""

        APPROVED = "APPROVED", _("approved")
        PENDING = "PENDING", _("under review at Meta")
        IN_APPEAL = "IN_APPEAL", _("appeal under review at Meta")
        REJECTED = "REJECTED", _("rejected by Meta")
        PAUSED = "PAUSED", _("paused by Meta")
        DISABLED = "DISABLED", _("disabled by Meta")
        FLAGGED = "FLAGGED", _("about to be disabled by Meta")
        LOCKED = "LOCKED", _("locked by Meta")
        LIMIT_EXCEEDED = "LIMIT_EXCEEDED", _("above Meta's limit")
        ARCHIVED = "ARCHIVED", _("archived")
        PENDING_DELETION = "PENDING_DELETION", _("being deleted at Meta")
        DELETED = "DELETED", _("deleted at Meta")

    waba_id = models.CharField(_("WhatsApp Business account ID"), max_length=30)
    meta_id = models.CharField(_("Meta's ID"), max_length=30, blank=True)
    name = models.CharField(_("name"), max_length=512)
    language = models.CharField(_("language"), max_length=15)
    category = models.CharField(_("category"), max_length=30, blank=True)
    status = models.CharField(_("status"), max_length=30, blank=True)
    parameter_format = models.CharField(_("parameter format"), max_length=15, default="POSITIONAL")
    components = models.JSONField(_("components"), default=list)
    # Why Meta rejected or paused it: its code, its own words, and the moment it names with the status: when a pause
    # ends, when it disables the template (Webhooks, "message_template_status_update").
    rejection_reason = models.CharField(_("reason"), max_length=60, blank=True, default="", db_default="")
    rejection_details = models.TextField(_("Meta's words"), blank=True, default="", db_default="")
    status_date = models.DateTimeField(_("date of the status"), null=True, blank=True)
    quality_score = models.CharField(_("quality"), max_length=10, blank=True, default="", db_default="")
    # What Meta changed the category from, or is going to change it to ("template_category_update").
    previous_category = models.CharField(max_length=30, blank=True, default="", db_default="")
    correct_category = models.CharField(max_length=30, blank=True, default="", db_default="")
    synced_at = models.DateTimeField(_("synced"), auto_now=True)

    objects = MessageTemplateQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "message_templates"
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ["name", "language", "id"]
        constraints = [
            models.UniqueConstraint("business", "waba_id", "name", "language", name="template_unique_in_business")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def status_label(self) -> str:
        return str(dict(self.Status.choices).get(self.status, self.status))

    def filled_in(self, parameters: Mapping[str, str]) -> str:
        """The text of the body with its placeholders replaced; `parameters` maps a placeholder ("1" or its name)."""
        bodies = [part.get("text", "") for part in parts_of(self) if part.get("type") == "BODY"]
        return filled("\n".join(bodies), parameters)
