from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from broadcasts import failure_policy
from crm.models import Customer
from whatsapp.graph.errors import CloudApiError
from whatsapp.models import OutboundMessage, WhatsAppNumber
from whatsapp.sending import ledger
from whatsapp.template_parameters import template_message

from .broadcast import Broadcast


class BroadcastMessage(OutboundMessage):
    """One recipient of a broadcast, with the parameters as they were when it was planned."""

    class SkipReason(models.TextChoices):
        OPTED_OUT = "opted_out", _("opted out")
        NO_PHONE = "no_phone", _("no phone")
        EMPTY_PARAMETER = "empty_parameter", _("a placeholder would stay empty")
        UNFIT_PARAMETER = "unfit_parameter", _("a value does not fit the template")
        CANCELLED = "cancelled", _("the broadcast was cancelled")

    broadcast = models.ForeignKey(
        Broadcast, on_delete=models.CASCADE, related_name="messages", db_index=False, verbose_name=_("broadcast")
    )
    customer = models.ForeignKey(
        "crm.Customer", on_delete=models.CASCADE, related_name="broadcast_messages", verbose_name=_("customer")
    )
    parameters = models.JSONField(_("parameters"), default=dict)
    skip_reason = models.CharField(_("why it was skipped"), max_length=50, blank=True, choices=SkipReason.choices)
    created_at = models.DateTimeField(_("planned"), auto_now_add=True)

    tenant_parent = "broadcast"
    waits_as = OutboundMessage.Status.PLANNED
    is_bulk = True
    sent_with = ("customer",)

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
            # Serves: a business's recipients, newest first.
            models.Index("business", "id", name="broadcast_message_by_business"),
            # Serves: a broadcast's recipients by state, its progress, and claiming the next ones to be sent.
            models.Index("broadcast", "status", "id", name="broadcast_message_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast} → {self.customer}"

    @classmethod
    def waiting(cls, number_id: int | OuterRef) -> "QuerySet[BroadcastMessage]":
        return cls.objects.filter(
            broadcast__whatsapp_number_id=number_id, broadcast__status=Broadcast.Status.SENDING, status=cls.waits_as
        )

    @classmethod
    def lines_by_turn(cls, number_id: int) -> "Iterator[QuerySet[BroadcastMessage]]":
        """The recipients of each broadcast, which the database finds in the order of its index."""
        # A scalar and no EXISTS, which PostgreSQL might answer by reading all that is planned.
        first = ledger.due(cls.objects.filter(broadcast=OuterRef("pk"), status=cls.waits_as)).values("pk")[:1]
        sending = Broadcast.objects.filter(whatsapp_number_id=number_id, status=Broadcast.Status.SENDING)
        sending = sending.annotate(first=Subquery(first)).filter(first__isnull=False)
        by_turn = sending.order_by(F("claimed_at").asc(nulls_first=True), "started_at", "pk")
        for broadcast_id in list(by_turn.values_list("pk", flat=True)):
            yield cls.objects.filter(broadcast=broadcast_id, status=cls.waits_as)

    @classmethod
    def to_be_sent(cls, rows: "list[BroadcastMessage]") -> "list[BroadcastMessage]":
        """Who has opted out since the broadcast was planned is skipped. The broadcast has had its turn."""
        Broadcast.objects.filter(pk__in={row.broadcast_id for row in rows}).note_turn()
        opted_out = [row.pk for row in rows if row.customer.opted_out]
        if opted_out:
            cls.objects.filter(pk__in=opted_out).update(
                status=cls.Status.SKIPPED, skip_reason=cls.SkipReason.OPTED_OUT
            )
        broadcasts = Broadcast.objects.select_related("template").in_bulk({row.broadcast_id for row in rows})
        for row in rows:
            row.broadcast = broadcasts[row.broadcast_id]
        return [row for row in rows if not row.customer.opted_out]

    @classmethod
    def refused(cls, number: WhatsAppNumber, refusals: Mapping[int, CloudApiError]) -> None:
        """Pause the broadcasts that a refusal concerns as a whole, and write to nobody who wants no marketing."""
        stops = next((error for error in refusals.values() if failure_policy.stops_number(error)), None)
        if stops:
            Broadcast.objects.filter(whatsapp_number=number).pause(str(stops))
        suppressed = [pk for pk, error in refusals.items() if failure_policy.suppresses_customer(error)]
        if suppressed:
            people = Customer.objects.filter(broadcast_messages__in=suppressed, opted_out_at=None).values("pk")
            Customer.objects.filter(pk__in=people).update(opted_out_at=Now(), revision=F("revision") + 1)
        rows = cls.objects.filter(pk__in=refusals).values_list("pk", "broadcast")
        # Each refusal of a broadcast once, however many recipients it concerns.
        different = {(broadcast_id, refusals[pk].code): refusals[pk] for pk, broadcast_id in rows}
        for (broadcast_id, _code), error in different.items():
            if failure_policy.stops_template(error) or cls._proves_template_wrong(broadcast_id, error):
                Broadcast.objects.filter(pk=broadcast_id).pause(str(error))

    @classmethod
    def _proves_template_wrong(cls, broadcast_id: int, error: CloudApiError) -> bool:
        if not failure_policy.doubts_template(error):
            return False
        rows = cls.objects.filter(broadcast=broadcast_id)
        accepted = [cls.Status.ACCEPTED, cls.Status.SENT, cls.Status.DELIVERED, cls.Status.READ]
        first_failed = rows.filter(status=cls.Status.FAILED)[: failure_policy.MIN_TEMPLATE_FAILURES]
        has_failed = first_failed.count() == failure_policy.MIN_TEMPLATE_FAILURES
        return has_failed and not rows.filter(status__in=accepted).exists()

    @classmethod
    def in_thread(cls, number_id: int, customer_id: int) -> "QuerySet[BroadcastMessage]":
        unsent = [cls.Status.PLANNED, cls.Status.QUEUED, cls.Status.SKIPPED]
        return (
            cls.objects.filter(customer=customer_id, whatsapp_number=number_id)
            .exclude(status__in=unsent)
            .annotate(written_at=Coalesce("accepted_at", "sent_at", "created_at"))
            .select_related("broadcast__template")
        )

    def cloud_api_message(self) -> dict[str, Any]:
        return {**template_message(self.broadcast.template, self.parameters), **self.customer.recipient()}

    @property
    def text(self) -> str:
        """The template's body with this recipient's parameters, as a person reads it."""
        return self.broadcast.template.filled_in(self.parameters)

    @property
    def written_by(self) -> str:
        return _("Broadcast “%(name)s”") % {"name": self.broadcast.name}
