"""How far a broadcast is: counted by the database, never kept as a number that could be wrong."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from whatsapp.graph.error_codes import explain
from whatsapp.sending.prices import category_text

from .models import Broadcast, BroadcastMessage

Status = BroadcastMessage.Status

#: The states of a recipient, in the order in which they are shown. They sum to the total.
STATES = (
    Status.PLANNED,
    Status.SKIPPED,
    Status.SENDING,
    Status.ACCEPTED,
    Status.SENT,
    Status.DELIVERED,
    Status.READ,
    Status.FAILED,
    Status.UNKNOWN,
)

#: The rate is measured over so many last seconds.
RATE_INTERVAL = 10

#: While nothing more is to come, or it is not known how much.
WITHOUT_ETA = (Broadcast.Status.PLANNING, Broadcast.Status.DONE, Broadcast.Status.CANCELLED)


@dataclass(frozen=True)
class Failure:
    """How many messages failed alike: Meta's code (None: it never came to Meta), and what it means."""

    code: int | None
    title: str
    count: int


@dataclass(frozen=True)
class Progress:
    """
    `states` maps each state to a number of people, `skips` each reason; the most frequent failures come first. `rate`
    is in messages a second, `eta_seconds` None where nothing is to be sent.
    """

    status: str
    states: dict[str, int]
    skips: dict[str, int]
    failures: list[Failure]
    rate: float
    eta_seconds: int | None

    @property
    def total(self) -> int:
        return sum(self.states.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "total": self.total,
            **self.states,
            "rate": self.rate,
            "eta_seconds": self.eta_seconds,
            "skips": [{"reason": reason, "count": count} for reason, count in self.skips.items()],
            "failures": [vars(failure) for failure in self.failures],
        }


def progress(broadcast: Broadcast) -> Progress:
    """How far a broadcast is now."""
    counts = _counts(broadcast.messages.all(), "status")
    states = {state.value: counts.get(state, 0) for state in STATES}
    rate = _rate(broadcast)
    return Progress(
        status=broadcast.status,
        states=states,
        skips=_counts(broadcast.messages.filter(status=Status.SKIPPED), "skip_reason") if states["skipped"] else {},
        failures=_failures(broadcast) if states["failed"] else [],
        rate=rate,
        eta_seconds=_eta_seconds(broadcast, states["planned"] + states["sending"], rate),
    )


def charges(broadcast: Broadcast) -> list[tuple[str, int]]:
    """How many of its messages Meta charges for, by category for people, most frequent first. It reads every row."""
    charged = broadcast.messages.filter(pricing_billable=True)
    return [(category_text(name), count) for name, count in _counts(charged, "pricing_category").items()]


def _counts(messages: QuerySet[BroadcastMessage], name: str) -> dict[Any, int]:
    """Value of a column → how many rows have it, most frequent first."""
    return dict(messages.order_by().values_list(name).annotate(count=Count("pk")).order_by("-count", name))


def _failures(broadcast: Broadcast) -> list[Failure]:
    failed = broadcast.messages.filter(status=Status.FAILED).order_by().values_list("error_code")
    counted = failed.annotate(title=Max("error_title"), count=Count("pk")).order_by("-count", "error_code")
    return [Failure(code, title if code is None else explain(code), count) for code, title, count in counted]


def _rate(broadcast: Broadcast) -> float:
    """Messages a second, lately."""
    if broadcast.status != Broadcast.Status.SENDING:
        return 0.0
    now = timezone.now()
    since = max(now - timedelta(seconds=RATE_INTERVAL), broadcast.started_at or now)
    accepted = broadcast.messages.filter(accepted_at__gte=since).count()
    return round(accepted / max((now - since).total_seconds(), 1), 1)


def _eta_seconds(broadcast: Broadcast, remaining: int, rate: float) -> int | None:
    """
    When the last of the `remaining` messages goes out, if those that share the number go on sharing it: they take
    turns, so that each of them sends as much as this one until it has nothing to send.
    """
    number = broadcast.whatsapp_number
    if not remaining or broadcast.status in WITHOUT_ETA or not number.is_active:
        return None
    others = _remaining_of_others(broadcast)
    rate_of_number = min(rate * (1 + len(others)), number.messages_per_second) or number.messages_per_second
    return ceil((remaining + sum(min(remaining, other) for other in others)) / rate_of_number)


def _remaining_of_others(broadcast: Broadcast) -> list[int]:
    """How many messages each other broadcast that sends through the number still has to send."""
    if broadcast.status == Broadcast.Status.SCHEDULED:
        # Who sends by then is not known.
        return []
    sending = Broadcast.objects.filter(
        whatsapp_number=broadcast.whatsapp_number_id, status=Broadcast.Status.SENDING
    ).exclude(pk=broadcast.pk)
    remaining = BroadcastMessage.objects.filter(broadcast__in=sending, status__in=[Status.PLANNED, Status.SENDING])
    return list(_counts(remaining, "broadcast").values())
