from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.tenancy import TenantModel, TenantQuerySet


class BroadcastQuerySet(TenantQuerySet):
    def pause(self, reason):
        """Pause those that are sending, with a sentence for people. Returns how many."""
        sending = self.filter(status=Broadcast.Status.SENDING)
        return sending.update(status=Broadcast.Status.PAUSED, paused_reason=reason[:500])


class Broadcast(TenantModel):
    """
    One template to many customers.

    draft → planning → planned → scheduled | sending ⇄ paused → done | cancelled
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PLANNING = "planning", _("planning")
        PLANNED = "planned", pgettext_lazy("broadcast", "planned")
        SCHEDULED = "scheduled", _("scheduled")
        SENDING = "sending", pgettext_lazy("broadcast", "sending")
        PAUSED = "paused", _("paused")
        DONE = "done", pgettext_lazy("broadcast", "done")
        CANCELLED = "cancelled", _("cancelled")

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber", on_delete=models.CASCADE, related_name="broadcasts", verbose_name=_("number")
    )
    name = models.CharField(_("name"), max_length=200)
    template = models.ForeignKey(
        "whatsapp.MessageTemplate", on_delete=models.PROTECT, related_name="+", verbose_name=_("template")
    )
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    audience = models.JSONField(_("audience"), default=dict, blank=True)
    scheduled_at = models.DateTimeField(_("scheduled"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    paused_reason = models.CharField(_("why it is paused"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    tenant_parent = "whatsapp_number"

    objects = BroadcastQuerySet.as_manager()

    class Meta:
        db_table = "broadcasts"
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ["-created_at", "-id"]
        # Serves: a business's broadcasts, newest first.
        indexes = [models.Index("business", models.F("created_at").desc(), name="broadcast_by_business")]

    def __str__(self):
        return self.name
