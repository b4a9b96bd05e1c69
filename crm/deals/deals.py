"""What is done with a deal."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Business
from crm.models import Conversation, Customer, Deal, DealStage


def create_deal(
    customer: Customer,
    title: str,
    amount: Decimal | int | str | None = 0,
    stage_key: str = "new",
    conversation: Conversation | None = None,
) -> Deal:
    """
    Create a deal in the business's currency, in the stage with this key; None for an amount that is not known. Raises
    ValidationError by field.
    """
    stage = DealStage.objects.filter(business=customer.business_id, key=stage_key).first()
    if stage is None:
        raise ValidationError(
            {"stage": ValidationError(_("There is no deal stage “%(key)s”."), params={"key": stage_key})}
        )
    deal = Deal(
        business_id=customer.business_id,
        customer=customer,
        conversation=conversation,
        title=title,
        amount=amount,
        currency=customer.business.currency,
        stage=stage,
    )
    deal.full_clean(exclude=["business"])
    deal.save()
    return deal


@dataclass(frozen=True)
class StageTotal:
    """How many deals of a business are in a stage, and what those with an amount come to: currency → sum."""

    stage: DealStage
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def totals(business: Business) -> list[StageTotal]:
    """A StageTotal for every stage, in order."""
    deals = Deal.objects.for_business(business).order_by("currency").values("stage", "currency")
    by_stage: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for group in deals.annotate(count=Count("pk"), sum=Sum("amount")):
        by_stage[group["stage"]].append(dict(group))
    return [
        StageTotal(
            stage,
            sum(group["count"] for group in by_stage[stage.pk]),
            {group["currency"]: group["sum"] for group in by_stage[stage.pk] if group["sum"] is not None},
        )
        for stage in DealStage.objects.for_business(business)
    ]
