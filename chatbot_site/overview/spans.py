"""How many messages were received and sent in spans of time: today, the same day of last week, the days before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import Business
from broadcasts import recipients
from crm.models import Message
from whatsapp.models import WhatsAppNumber
from whatsapp.models.outbound import IS_OPEN

from .rows import Rows, counts

#: How long it is kept how many there were on a day that is over; statuses still come, and rows are deleted.
KEPT_FOR = timedelta(hours=24)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Figures:
    """How many messages of conversations were received, sent and failed, and how many broadcasts sent."""

    received: int
    sent: int
    failed: int
    broadcast: int = 0

    @property
    def sent_in_all(self) -> int:
        return self.sent + self.broadcast


@dataclass(frozen=True)
class Day:
    """One day of a business's calendar."""

    date: date
    figures: Figures


def begin_of(day: date, business: Business) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(business.time_zone))


def today_of(business: Business) -> date:
    return timezone.now().astimezone(ZoneInfo(business.time_zone)).date()


def today_and_last_week(business: Business, rows: Rows) -> tuple[Figures, Figures]:
    """
    What was received and sent since midnight, and what failed, of broadcasts too; and the same of this day of last
    week, up to the same time.
    """
    midnight = begin_of(today_of(business), business)
    a_week_ago = timezone.now().astimezone(midnight.tzinfo) - timedelta(days=7)
    of_broadcasts = recipients.messages_since(business, midnight).filter(status="failed")
    # What waits to be sent is of today, as good as always.
    numbers = rows(WhatsAppNumber)
    is_open = rows(Message).filter(IS_OPEN, created_at__gte=midnight, whatsapp_number__in=numbers)
    more = {"open": is_open, "failed of broadcasts": of_broadcasts}
    # Whatever is written while this is counted is of today too.
    spans = [
        (midnight, midnight + timedelta(days=2)),
        (begin_of(a_week_ago.date(), business), a_week_ago),
    ]
    [figures, last_week], found = _figures(business, rows, spans, more)
    today = replace(figures, sent=figures.sent - found["open"], failed=figures.failed + found["failed of broadcasts"])
    return today, last_week


def days(business: Business, rows: Rows, first: date, last: date, today: Figures) -> list[Day]:
    """Each day from the first to the last, the present one as it stands. Days that are over are counted once a day."""
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    keys = {day: f"overview:day:{business.pk}:{business.time_zone}:{day}" for day in wanted}
    kept: dict[str, Figures] = cache.get_many(keys.values())
    missing = [day for day in wanted if keys[day] not in kept and day != today_of(business)]
    spans = [(begin_of(day, business), begin_of(day + timedelta(days=1), business)) for day in missing]
    counted = {keys[day]: figures for day, figures in zip(missing, _figures(business, rows, spans)[0], strict=True)}
    cache.set_many(
        {keys[day]: counted[keys[day]] for day in missing if day < today_of(business)}, KEPT_FOR.total_seconds()
    )
    found = {**kept, **counted, keys.get(today_of(business), ""): today}
    return [Day(day, found[keys[day]]) for day in wanted]


def _figures(
    business: Business, rows: Rows, spans: Sequence[Span], more: Mapping[Any, Any] | None = None
) -> tuple[list[Figures], dict[Any, int]]:
    """
    The figures of each span, and whatever more is to be counted. Each is counted in an index that holds no other rows,
    so that a day of many messages is not read; what was sent is the rest of what was to be.
    """
    if not spans:
        return [], {}
    found = counts({**_written(rows, spans), **(more or {})})
    figures = [
        Figures(
            received=found[place, "in"],
            sent=found[place, "out"] - found[place, "failed"] - found[place, "unknown"],
            failed=found[place, "failed"],
            broadcast=broadcast,
        )
        for place, broadcast in enumerate(_broadcast(business, spans))
    ]
    return figures, found


def _written(rows: Rows, spans: Iterable[Span]) -> dict[tuple[int, str], Any]:
    asked = {}
    for place, (begin, end) in enumerate(spans):
        messages = rows(Message).filter(created_at__gte=begin, created_at__lt=end)
        for direction in ("in", "out"):
            asked[place, direction] = messages.filter(direction=direction)
        for status in ("failed", "unknown"):
            asked[place, status] = messages.filter(status=status)
    return asked


def _broadcast(business: Business, spans: Sequence[Span]) -> list[int]:
    """How many messages of broadcasts were sent in each span."""
    sent = recipients.messages_since(business, min(begin for begin, _end in spans)).exclude(status="failed")
    asked = {
        f"span{place}": Count("pk", filter=Q(accepted_at__gte=begin, accepted_at__lt=end))
        for place, (begin, end) in enumerate(spans)
    }
    return list(sent.aggregate(**asked).values())
