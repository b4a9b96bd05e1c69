from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import JobRow, TenantModel, TenantQuerySet


class WebhookEventQuerySet(TenantQuerySet):
    def waiting(self) -> Self:
        """To be processed, now or later."""
        return self.filter(due_at__isnull=False)

    def due(self) -> Self:
        """To be processed now, and claimed by nobody."""
        now = timezone.now()
        return self.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now), due_at__lte=now)

    def in_line(self) -> Self:
        """Waiting for their turn or having it. What has failed or waits for something else lets others pass."""
        return self.waiting().filter(last_error="")

    def parked(self) -> Self:
        """Given up after too many failures; `manage.py replay_webhooks` processes them again."""
        return self.filter(due_at__isnull=True, processed_at__isnull=True)


class WebhookEvent(JobRow, TenantModel):
    """
    One change of a signed webhook (Webhooks, "Payload"), stored before Meta is answered.

    `due_at` is when it is to be processed next: now when it arrives, later after a failure, and empty when it is done
    or given up. What happened to what is done stays in `attempts`, `acted_on` and `last_error`.
    """

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber",
        on_delete=models.CASCADE,
        related_name="webhook_events",
        db_index=False,
        verbose_name=_("number"),
    )
    field = models.CharField(_("field"), max_length=60)
    value = models.JSONField(_("value"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    processed_at = models.DateTimeField(_("processed"), null=True)
    # Processed: whether anything in it has an effect here.
    acted_on = models.BooleanField(default=True, db_default=True, editable=False)

    tenant_parent = "whatsapp_number"

    objects = WebhookEventQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "webhook_events"
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ["-received_at", "-id"]
        indexes = [
            # Serves: the tick that finds events to process.
            models.Index("due_at", name="webhook_event_due", condition=Q(due_at__isnull=False)),
            # Serves: a number's events that wait, in the order in which they came.
            models.Index("whatsapp_number", "id", name="webhook_event_line", condition=Q(due_at__isnull=False)),
            # Serves: a number's events, and when the last one came.
            models.Index("whatsapp_number", "received_at", name="webhook_event_by_number"),
            # Serves: forgetting old events.
            models.Index("processed_at", name="webhook_event_processed", condition=Q(processed_at__isnull=False)),
            # Serves: a business's events, newest first.
            models.Index(
                "business", models.F("received_at").desc(), models.F("id").desc(), name="webhook_event_by_business"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} · {date_format(timezone.localtime(self.received_at), 'SHORT_DATETIME_FORMAT')}"
