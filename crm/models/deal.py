from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy

from accounts.models import Business, Revisioned, TenantModel, UniqueInBusiness


def is_overdue() -> Q:
    """The condition that the next step of a deal should have been taken: `Deal.is_overdue` for a query."""
    return Q(next_step_at__lt=timezone.now(), stage__kind=DealStage.Kind.OPEN)


class DealPipeline(Revisioned, TenantModel):
    """A way that deals go, stage by stage: a business may sell cakes otherwise than weddings."""

    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        db_table = "deal_pipelines"
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ["position", "id"]
        # Serves: those of a business, in order.
        indexes = [models.Index("business", "position", "id", name="deal_pipeline_by_business")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def seed(cls, business: Business) -> None:
        with override(business.language):
            name = str(pgettext_lazy("deal pipeline", "Sales"))
        pipeline = cls.objects.create(business=business, name=name)
        DealStage.seed_pipeline(pipeline)


class DealStage(Revisioned, TenantModel):
    """A step on the way of deals through a pipeline; `key` is its name for scenarios and programs."""

    class Kind(models.TextChoices):
        OPEN = "open", pgettext_lazy("deal stage", "open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    # Null only where a version that knew no pipelines made it: crm.deals.pipelines finds it a place.
    pipeline = models.ForeignKey(
        DealPipeline,
        on_delete=models.CASCADE,
        null=True,
        db_index=False,
        related_name="stages",
        verbose_name=_("pipeline"),
    )
    key = models.SlugField(_("key"), max_length=50)
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices, default=Kind.OPEN)

    class Meta:
        db_table = "deal_stages"
        verbose_name = _("deal stage")
        verbose_name_plural = _("deal stages")
        ordering = ["position", "id"]
        # Serves: those of a pipeline, in order.
        indexes = [models.Index("pipeline", "position", "id", name="deal_stage_by_pipeline")]
        constraints = [
            UniqueInBusiness(
                fields=["business", "key"],
                name="deal_stage_key_unique_in_business",
                violation_error_message=_("There is a stage with this key already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_lost(self) -> bool:
        return self.kind == self.Kind.LOST

    @classmethod
    def seed_pipeline(cls, pipeline: DealPipeline) -> None:
        """The stages with which a new business starts."""
        with override(pipeline.business.language):
            stages = [
                ("new", _("New"), cls.Kind.OPEN),
                ("in_progress", _("In progress"), cls.Kind.OPEN),
                ("won", _("Won"), cls.Kind.WON),
                ("lost", _("Lost"), cls.Kind.LOST),
            ]
            cls.objects.bulk_create(
                cls(
                    business=pipeline.business,
                    pipeline=pipeline,
                    key=key,
                    name=str(name),
                    position=position,
                    kind=kind,
                )
                for position, (key, name, kind) in enumerate(stages)
            )


class Deal(Revisioned, TenantModel):
    """Something a customer may buy, on its way through the stages."""

    customer = models.ForeignKey(
        "crm.Customer", on_delete=models.CASCADE, related_name="deals", verbose_name=_("customer")
    )
    conversation = models.ForeignKey(
        "crm.Conversation",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="deals",
        verbose_name=_("conversation"),
    )
    title = models.CharField(_("title"), max_length=200)
    #: Null where a scenario could not read it: a person is to fill it in.
    amount = models.DecimalField(
        _("amount"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        default=0,
        validators=[MinValueValidator(0)],
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three capital letters, for example RUB."))],
    )
    stage = models.ForeignKey(DealStage, on_delete=models.PROTECT, related_name="deals", verbose_name=_("stage"))
    responsible = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("responsible"),
    )
    next_step = models.CharField(_("next step"), max_length=200, blank=True, default="", db_default="")
    next_step_at = models.DateTimeField(_("next step is due"), null=True, blank=True)
    lost_reason = models.CharField(
        _("why it was lost"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("Only where the stage is a lost one."),
    )
    # Since when it is in its stage.
    moved_at = models.DateTimeField(_("in this stage since"), default=timezone.now, db_default=Now(), editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_parent = "customer"

    class Meta:
        db_table = "deals"
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Serves: a business's deals, newest first.
            models.Index("business", F("created_at").desc(), F("id").desc(), name="deal_by_business"),
            # Serves: a column of the board, what came into it last first.
            models.Index("stage", F("moved_at").desc(), F("id").desc(), name="deal_by_stage"),
            # Serves: those of a person.
            models.Index("responsible", name="deal_by_responsible", condition=Q(responsible__isnull=False)),
            # Serves: next steps, the one due first first.
            models.Index(
                "business", "next_step_at", name="deal_by_next_step", condition=Q(next_step_at__isnull=False)
            ),
        ]
        constraints = [models.CheckConstraint(name="deal_amount_not_negative", condition=Q(amount__gte=0))]

    def __str__(self) -> str:
        return self.title

    @property
    def price(self) -> str:
        """Amount and currency as a person reads them; a dash where nobody has named one."""
        return readable_amount(self.amount, self.currency) if self.amount else "—"

    @property
    def is_overdue(self) -> bool:
        """Whether its next step should have been taken."""
        is_open = self.stage.kind == DealStage.Kind.OPEN
        return is_open and self.next_step_at is not None and self.next_step_at < timezone.now()

    def put_into(self, stage: DealStage, lost_reason: str = "") -> set[str]:
        """
        Put it into a stage, which remembers when, and of a lost deal why. Returns the names of the fields that are to
        be saved: none where it has been there already, for that reason. A reason that is known stays.
        """
        reason = (lost_reason.strip() or self.lost_reason) if stage.is_lost else ""
        if stage.pk == self.stage_id:
            if reason == self.lost_reason:
                return set()
            self.lost_reason = reason
            return {"lost_reason"}
        self.stage, self.lost_reason, self.moved_at = stage, reason, timezone.now()
        return {"stage", "lost_reason", "moved_at"}

    def clean(self) -> None:
        super().clean()
        if self.conversation and self.customer_id and self.conversation.customer_id != self.customer_id:
            raise ValidationError({"conversation": _("This conversation is with another customer.")})


def readable_amount(amount: Decimal, currency: str) -> str:
    """1 234,50 RUB, or as the language has it; whole amounts without hundredths."""
    decimals = 0 if amount == int(amount) else max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{number_format(amount, decimals, use_l10n=True, force_grouping=True)}\u00a0{currency}"
