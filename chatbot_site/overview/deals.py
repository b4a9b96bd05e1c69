"""Open deals by stage."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from crm.models import Deal, DealStage
from crm.models.deal import readable_amount

from .rows import Rows


@dataclass(frozen=True)
class StageSum:
    """How many deals are in a stage, and what they are worth in one currency."""

    stage_id: int
    stage: str
    currency: str
    count: int
    amount: Decimal

    @property
    def price(self) -> str:
        return readable_amount(self.amount, self.currency)


def open_deals(rows: Rows) -> list[StageSum]:
    """The open deals of a business by stage and currency, in the order of the stages."""
    found = (
        rows(Deal)
        .filter(stage__kind=DealStage.Kind.OPEN)
        .order_by("stage__position", "stage", "currency")
        .values_list("stage", "stage__name", "currency")
        .annotate(Count("pk"), Sum("amount", default=Decimal(0)))
    )
    return [StageSum(*row) for row in found]
