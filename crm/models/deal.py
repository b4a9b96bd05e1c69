from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy

from accounts.models import Business, Revisioned, TenantModel, UniqueInBusiness


class DealStage(Revisioned, TenantModel):
    """A step on the way of a business's deals; `key` is its name for scenarios and programs."""

    class Kind(models.TextChoices):
        OPEN = "open", pgettext_lazy("deal stage", "open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    key = models.SlugField(_("key"), max_length=50)
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices, default=Kind.OPEN)

    class Meta:
        db_table = "deal_stages"
        verbose_name = _("deal stage")
        verbose_name_plural = _("deal stages")
        ordering = ["position", "id"]
        constraints = [
            UniqueInBusiness(
                fields=["business", "key"],
                name="deal_stage_key_unique_in_business",
                violation_error_message=_("There is a stage with this key already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def seed(cls, business: Business) -> None:
        with override(business.language):
            stages = [
                ("new", _("New"), cls.Kind.OPEN),
                ("in_progress", _("In progress"), cls.Kind.OPEN),
                ("won", _("Won"), cls.Kind.WON),
                ("lost", _("Lost"), cls.Kind.LOST),
            ]
            cls.objects.bulk_create(
                cls(business=business, key=key, name=str(name), position=position, kind=kind)
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
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    tenant_parent = "customer"

    class Meta:
        db_table = "deals"
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Serves: a business's deals, newest first.
            models.Index("business", models.F("created_at").desc(), models.F("id").desc(), name="deal_by_business"),
        ]
        constraints = [models.CheckConstraint(name="deal_amount_not_negative", condition=models.Q(amount__gte=0))]

    def __str__(self) -> str:
        return self.title

    @property
    def price(self) -> str:
        """Amount and currency as a person reads them; a dash for none."""
        return "—" if self.amount is None else readable_amount(self.amount, self.currency)

    def clean(self) -> None:
        super().clean()
        if self.conversation and self.customer_id and self.conversation.customer_id != self.customer_id:
            raise ValidationError({"conversation": _("This conversation is with another customer.")})


def readable_amount(amount: Decimal, currency: str) -> str:
    """1 234,50 RUB, or as the language has it; whole amounts without hundredths."""
    decimals = 0 if amount == int(amount) else max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{number_format(amount, decimals, use_l10n=True, force_grouping=True)}\u00a0{currency}"
