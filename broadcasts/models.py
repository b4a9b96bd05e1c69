from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.tenancy import TenantModel
from whatsapp.models import OutboundMessage


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

    class Meta:
        db_table = "broadcasts"
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ["-created_at", "-id"]
        # Serves: a business's broadcasts, newest first.
        indexes = [models.Index("business", models.F("created_at").desc(), name="broadcast_by_business")]

    def __str__(self):
        return self.name


class BroadcastMessage(OutboundMessage):
    """One recipient of a broadcast, with the parameters as they were when it was planned."""

    broadcast = models.ForeignKey(
        Broadcast, on_delete=models.CASCADE, related_name="messages", db_index=False, verbose_name=_("broadcast")
    )
    customer = models.ForeignKey(
        "crm.Customer", on_delete=models.CASCADE, related_name="broadcast_messages", verbose_name=_("customer")
    )
    parameters = models.JSONField(_("parameters"), default=dict)
    skip_reason = models.CharField(_("why it was skipped"), max_length=50, blank=True)
    created_at = models.DateTimeField(_("planned"), auto_now_add=True)

    tenant_parent = "broadcast"

    class Meta(OutboundMessage.Meta):
        db_table = "broadcast_messages"
        verbose_name = _("broadcast message")
        verbose_name_plural = _("broadcast messages")
        ordering = ["-id"]
        constraints = [
            *OutboundMessage.Meta.constraints,
            models.UniqueConstraint(fields=["broadcast", "customer"], name="broadcast_once_per_customer"),
        ]
        indexes = [
            *OutboundMessage.Meta.indexes,
            # Serves: a broadcast's recipients by state, and its progress.
            models.Index("broadcast", "status", name="broadcast_message_by_status"),
        ]

    def __str__(self):
        return f"{self.broadcast} → {self.customer}"

    @classmethod
    def in_thread(cls, number, customer):
        unsent = [cls.Status.PLANNED, cls.Status.QUEUED, cls.Status.SKIPPED]
        return (
            cls.objects.filter(customer=customer, whatsapp_number=number)
            .exclude(status__in=unsent)
            .annotate(written_at=Coalesce("accepted_at", "sent_at", "created_at"))
            .select_related("broadcast__template")
        )

    @property
    def text(self):
        """The template's body with this recipient's parameters, as a person reads it."""
        return self.broadcast.template.filled_in(self.parameters)

    @property
    def written_by(self):
        return _("Broadcast “%(name)s”") % {"name": self.broadcast.name}
