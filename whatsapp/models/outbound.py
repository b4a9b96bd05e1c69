from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.apps import apps
from django.db import models
from django.db.models import BooleanField, F, Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel

if TYPE_CHECKING:
    from .header_file import HeaderFile
    from .number import WhatsAppNumber
    from .template import MessageTemplate

#: Filters rows that are to be sent or under way. In literal SQL, because SQLite does not see that `IN` with
#: parameters means the rows of a partial index.
IS_OPEN = Func(F("status"), template="%(expressions)s IN ('queued', 'sending')", output_field=BooleanField())


class Claimed(Protocol):
    """A row of the ledger that was claimed: a whole one, or as far as sending needs it."""

    pk: Any
    token: Any
    attempts: Any

    def cloud_api_message(self) -> dict[str, Any]:
        """
        The body of `POST /{phone_number_id}/messages` without the envelope that delivery adds: `to` or `recipient`,
        `type` and the object of that type (Cloud API, "Messages").
        """
        ...


class Claimer(Protocol):
    """Claims rows that come by the thousand, in one statement, and keeps what they have in common."""

    def claim(self, known: Mapping[str, Any], limit: int, secret: str, lease_until: datetime) -> Sequence[Claimed]:
        """
        Up to `limit` rows to be sent now, in order, each `sending` with a token that begins with `secret`. None while
        the number may not send, or has other values than those `known` (whatsapp.sending.send_gate.KNOWN).
        """
        ...


class OutboundMessage(TenantModel):
    """
    The delivery ledger's columns: everything that is sent through a number is a row of a concrete subclass.

        queued | planned → sending (committed before the call) → accepted → sent → delivered → read
                                                               ↘ failed · unknown · skipped

    `unknown` means that the call's answer was lost: it is never sent again by a machine. A status webhook that
    echoes `token`, or a person, settles it. Inbound rows are `received` and use none of these columns but `wamid`.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        PLANNED = "planned", _("planned")
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        ACCEPTED = "accepted", _("accepted by WhatsApp")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")
        SKIPPED = "skipped", _("skipped")

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("number"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    wamid = models.CharField(_("WhatsApp message ID"), max_length=255, null=True, blank=True, editable=False)  # noqa: DJ001
    # Travels as biz_opaque_callback_data and comes back in every status webhook; made when the row is claimed.
    token = models.CharField(max_length=32, null=True, editable=False)  # noqa: DJ001
    lease_until = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(_("not before"), null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    error_code = models.IntegerField(_("error code"), null=True, editable=False)
    error_title = models.CharField(_("error"), max_length=500, blank=True, editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    delivered_at = models.DateTimeField(_("delivered"), null=True, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, editable=False)
    # What Meta charges, as the statuses say it (Webhooks, "statuses", `pricing`); null until one does. All four come
    # together, and later ones only of a status that is as far.
    pricing_category = models.CharField(_("price category"), max_length=40, null=True, editable=False)  # noqa: DJ001
    pricing_type = models.CharField(_("price type"), max_length=40, null=True, editable=False)  # noqa: DJ001
    pricing_billable = models.BooleanField(_("charged"), null=True, editable=False)
    pricing_model = models.CharField(_("pricing model"), max_length=20, null=True, editable=False)  # noqa: DJ001
    # ISO 3166 code of where Meta delivers to, by which prices differ; null until a status names the recipient.
    recipient_country = models.CharField(_("recipient's country"), max_length=2, null=True, editable=False)  # noqa: DJ001

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint("whatsapp_number", "wamid", name="%(class)s_wamid_once_per_number"),
            # Of the rows that have one: what came in has none.
            models.UniqueConstraint(fields=["token"], condition=Q(token__isnull=False), name="%(class)s_token_once"),
        ]
        indexes = [
            # Serves: claiming what is to be sent through a number, and finding leases that ran out.
            models.Index(
                "whatsapp_number",
                "id",
                name="%(class)s_open",
                condition=Q(status__in=["queued", "sending"]),
            ),
        ]

    # The status of a row that is to be sent.
    waits_as: ClassVar[Status] = Status.QUEUED
    # Whether rows come by the thousand: what people wait for is sent before them.
    is_bulk: ClassVar[bool] = False
    # The field that orders sends to one person: of rows that share it, the earlier one is sent first. None: no order.
    ordered_by: ClassVar[str | None] = None
    # The related rows that `cloud_api_message` reads.
    sent_with: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def waiting(cls, number_id: "int | models.OuterRef") -> models.QuerySet[Any]:
        """The rows to be sent through a number, whatever their time. `number_id` may be an OuterRef."""
        return cls.objects.filter(IS_OPEN, whatsapp_number_id=number_id, status=cls.waits_as)

    @classmethod
    def claimer(cls, number_id: int) -> Claimer:
        """What claims rows of a number, where they are bulk."""
        raise NotImplementedError

    @classmethod
    def refused(cls, number: "WhatsAppNumber", refusals: Mapping[int, Any]) -> None:
        """
        React to what Meta refused, at once or later by webhook: `refusals` maps the id of a row to its CloudApiError.
        """

    @classmethod
    def stop_template(cls, template: "MessageTemplate", reason: str) -> None:
        """Send no more with a template that Meta has stopped; `reason` is a sentence for people."""

    @classmethod
    def stop_numbers(cls, numbers: "models.QuerySet[WhatsAppNumber]", reason: str) -> None:
        """Have numbers of an account that Meta restricts write to nobody first; `reason` is a sentence for people."""

    @classmethod
    def needs_file(cls, file: "HeaderFile") -> bool:
        """Whether anything is to be sent with the file of a template's header."""
        return False

    @classmethod
    def file_uploaded(cls, file: "HeaderFile") -> None:
        """Send what waited for a file, in the transaction that notes that Meta has it."""

    @classmethod
    def file_refused(cls, file: "HeaderFile", reason: str) -> None:
        """Stop what needs a file that Meta does not take; `reason` is a sentence for people."""

    @classmethod
    def in_thread(cls, number_id: int, customer_id: int) -> models.QuerySet[Any]:
        """
        The rows that the thread of a customer with a number shows beside its own messages, each with the attributes
        `text` (what a person reads), `written_at` (annotated) and `written_by`.
        """
        raise NotImplementedError

    @classmethod
    def readable(cls) -> models.QuerySet[Any]:
        """All rows, with what their attribute `text` reads."""
        return cls.objects.all()

    @property
    def named_as(self) -> tuple[str, int]:
        """What people and programs know it as: a kind and the id of that kind's row, like ("broadcast", 5)."""
        raise NotImplementedError

    @property
    def pricing(self) -> dict[str, Any] | None:
        """What Meta charges, as the API tells it: {category, type, billable, model}; None while it is not known."""
        if self.pricing_category is None:
            return None
        names = ("category", "type", "billable", "model")
        return {name: getattr(self, f"pricing_{name}") for name in names}

    def cloud_api_message(self) -> dict[str, Any]:
        """What is sent (Claimed.cloud_api_message); of bulk rows their claimer knows it."""
        raise NotImplementedError


def outbound_models() -> list[type[OutboundMessage]]:
    """Every concrete model of the ledger, whichever app it lives in."""
    return [model for model in apps.get_models() if issubclass(model, OutboundMessage)]
