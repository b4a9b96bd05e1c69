from collections.abc import Iterable, Mapping

from django.db import models, transaction
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from broadcasts import failure_policy
from crm.models import Customer
from whatsapp.graph.errors import CloudApiError
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile, MessageTemplate, OutboundMessage, WhatsAppNumber
from whatsapp.sending.tasks import deliver

from .broadcast import Broadcast
from .claiming import Claimer


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
    def claimer(cls, number_id: int) -> Claimer:
        return Claimer(number_id)

    @classmethod
    def refused(cls, number: WhatsAppNumber, refusals: Mapping[int, CloudApiError]) -> None:
        """Pause the broadcasts that a refusal concerns as a whole, and write to nobody who wants no marketing."""
        refusals = cls._without_lost_files(number, refusals)
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
        if any(failure_policy.stops_template(error) for error in refusals.values()):
            # So that the template says by itself what Meta has against it.
            WhatsAppNumber.objects.filter(pk=number.pk).update(templates_due_at=Now())

    @classmethod
    @transaction.atomic
    def _without_lost_files(
        cls, number: WhatsAppNumber, refusals: Mapping[int, CloudApiError]
    ) -> Mapping[int, CloudApiError]:
        """Have files uploaded anew that Meta does not have any more, and their recipients sent to again then."""
        lost = [pk for pk, error in refusals.items() if error.code in header_files.LOST_CODES]
        if not lost:
            return refusals
        waiting_or_failed = cls.objects.filter(
            pk__in=lost, status__in=[cls.waits_as, cls.Status.FAILED], broadcast__status__in=Broadcast.UNDER_WAY
        )
        rows = dict(waiting_or_failed.filter(attempts__lt=header_files.MAX_SENDS).values_list("pk", "parameters"))
        files = {pk: header_files.ids_in(parameters) for pk, parameters in rows.items()}
        named = set().union(*files.values())
        renewed = header_files.renew(number, named) if named else set()
        again = [pk for pk, ids in files.items() if ids & renewed]
        waiting_or_failed.filter(pk__in=again).update(
            status=cls.waits_as, due_at=None, error_code=None, error_title=""
        )
        return {pk: error for pk, error in refusals.items() if pk not in again}

    @classmethod
    def needs_file(cls, file: HeaderFile) -> bool:
        open_ones = Broadcast.objects.filter(whatsapp_number=file.whatsapp_number_id).exclude(
            status__in=Broadcast.OVER
        )
        return any(file.pk in _files_of([broadcast]) for broadcast in open_ones.only("parameters"))

    @classmethod
    def file_uploaded(cls, file: HeaderFile) -> None:
        if Broadcast.objects.filter(whatsapp_number=file.whatsapp_number_id, status=Broadcast.Status.SENDING).exists():
            deliver.delay_on_commit(cls._meta.label, file.whatsapp_number_id)  # type: ignore[attr-defined]

    @classmethod
    def file_refused(cls, file: HeaderFile, reason: str) -> None:
        broadcasts = Broadcast.objects.filter(whatsapp_number=file.whatsapp_number_id, status__in=Broadcast.UNDER_WAY)
        concerned = [row.pk for row in broadcasts.only("parameters") if file.pk in _files_of([row])]
        Broadcast.objects.filter(pk__in=concerned).stop("", reason)

    @classmethod
    def stop_template(cls, template: MessageTemplate, reason: str) -> None:
        Broadcast.objects.filter(template=template.pk).stop(Broadcast.StoppedBy.TEMPLATE, reason)

    @classmethod
    def stop_numbers(cls, numbers: QuerySet[WhatsAppNumber], reason: str) -> None:
        Broadcast.objects.filter(whatsapp_number__in=numbers).stop(Broadcast.StoppedBy.NUMBER, reason)

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
            cls.readable()
            .filter(customer=customer_id, whatsapp_number=number_id)
            .exclude(status__in=unsent)
            .annotate(written_at=Coalesce("accepted_at", "sent_at", "created_at"))
        )

    @classmethod
    def readable(cls) -> "QuerySet[BroadcastMessage]":
        return cls.objects.select_related("broadcast__template")

    @property
    def named_as(self) -> tuple[str, int]:
        return "broadcast", self.broadcast_id

    @property
    def text(self) -> str:
        """The template's body with this recipient's parameters, as a person reads it."""
        return self.broadcast.template.filled_in(self.parameters)

    @property
    def written_by(self) -> str:
        return _("Broadcast “%(name)s”") % {"name": self.broadcast.name}


def _files_of(broadcasts: Iterable[Broadcast]) -> set[int]:
    """The ids of the files that broadcasts name."""
    return {pk for broadcast in broadcasts for pk in header_files.ids_in(broadcast.parameters)}
