"""What a board of deals shows: a column for each stage, and the first cards of each."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from crm.models import Deal, DealStage

#: Cards of a column that are shown at once.
MAX_CARDS = 30

#: What came into a stage last stands first.
NEWEST_FIRST = (F("moved_at").desc(), F("pk").desc())


@dataclass(frozen=True)
class StageTotal:
    """How many deals are in a stage, and what those with an amount come to: currency → sum."""

    stage: DealStage
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A stage with its first deals."""

    total: StageTotal
    deals: list[Deal]

    @property
    def stage(self) -> DealStage:
        return self.total.stage

    @property
    def has_more(self) -> bool:
        return self.total.count > len(self.deals)


def totals_of(deals: QuerySet[Deal], stages: Iterable[DealStage]) -> list[StageTotal]:
    """A StageTotal of these deals for each of the stages, in one query."""
    by_stage: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    groups = deals.order_by("currency").values("stage", "currency")
    for group in groups.annotate(count=Count("pk"), sum=Sum("amount")):
        by_stage[group["stage"]].append(dict(group))
    return [
        StageTotal(
            stage,
            sum(group["count"] for group in by_stage[stage.pk]),
            {group["currency"]: group["sum"] for group in by_stage[stage.pk] if group["sum"]},
        )
        for stage in stages
    ]


def columns_of(deals: QuerySet[Deal], stages: list[DealStage]) -> list[Column]:
    """The columns of a board with these deals, in two queries."""
    deals = deals.filter(stage__in=stages)
    by_stage: defaultdict[int, list[Deal]] = defaultdict(list)
    for deal in _first_of_each(deals):
        by_stage[deal.stage_id].append(deal)
    return [Column(total, by_stage[total.stage.pk]) for total in totals_of(deals, stages)]


def cards_after(deals: QuerySet[Deal], last: Deal) -> list[Deal]:
    """The next cards of the column in which a card is, below it; one more than are shown at once, where there are."""
    later = deals.filter(stage=last.stage_id, moved_at__lte=last.moved_at)
    below = later.exclude(moved_at=last.moved_at, pk__gte=last.pk)
    return list(with_what_cards_show(below)[: MAX_CARDS + 1])


def with_what_cards_show(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    return deals.select_related("customer", "responsible", "stage").order_by(*NEWEST_FIRST)


def _first_of_each(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """The first deals of each stage."""
    place = Window(RowNumber(), partition_by=[F("stage")], order_by=NEWEST_FIRST)
    chosen = deals.order_by().annotate(place=place).filter(place__lte=MAX_CARDS).values("pk")
    return with_what_cards_show(Deal.objects.filter(pk__in=chosen))
