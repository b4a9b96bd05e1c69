"""Who waits for a person now: how many, of whom and where, and the longest."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from crm.models import Conversation
from crm.models.conversation import CUSTOMER_SERVICE_WINDOW
from crm.teamwork.assignment import waiting
from crm.teamwork.durations import duration

#: So long before free text may be sent no more, a wait is pressing.
CLOSING_WITHIN = timedelta(hours=2)

#: How many of those who wait longest are shown.
LONGEST = 5


@dataclass(frozen=True)
class Waiting:
    """Who waits: how many at all, of whom and where, and whose window closes soon."""

    count: int = 0
    closing: int = 0
    of_people: dict[int | None, int] = field(default_factory=dict)
    of_numbers: dict[int, int] = field(default_factory=dict)

    @property
    def unassigned(self) -> int:
        return self.of_people.get(None, 0)


@dataclass(frozen=True)
class Waiter:
    """One who waits."""

    conversation: Conversation
    now: datetime

    @property
    def seconds(self) -> int:
        assert self.conversation.waiting_since is not None
        return max(int((self.now - self.conversation.waiting_since).total_seconds()), 0)

    @property
    def age(self) -> str:
        return duration(timedelta(seconds=self.seconds))

    @property
    def is_closing(self) -> bool:
        closes_at = self.conversation.window_closes_at
        return closes_at is not None and self.now < closes_at <= self.now + CLOSING_WITHIN

    @property
    def url(self) -> str:
        return conversation_url(self.conversation)


def closing_soon(now: datetime) -> Q:
    """The condition that free text may be sent for a short time only."""
    wrote = now - CUSTOMER_SERVICE_WINDOW
    return Q(last_inbound_at__gt=wrote, last_inbound_at__lte=wrote + CLOSING_WITHIN)


def who_waits(rows: QuerySet[Conversation]) -> Waiting:
    """How many wait, by people and numbers, in one statement."""
    grouped = (
        rows.order_by()
        .values_list("assignee", "whatsapp_number")
        .annotate(waiters=Count("pk"), close=Count("pk", filter=closing_soon(timezone.now())))
    )
    return _added_up(grouped)


def _added_up(grouped: Iterable[tuple[int | None, int, int, int]]) -> Waiting:
    of_people: dict[int | None, int] = {}
    of_numbers: dict[int, int] = {}
    count = closing = 0
    for person, number, waits, close in grouped:
        of_people[person] = of_people.get(person, 0) + waits
        of_numbers[number] = of_numbers.get(number, 0) + waits
        count, closing = count + waits, closing + close
    return Waiting(count, closing, of_people, of_numbers)


def of_business(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Of these conversations, those in sight that wait for a person."""
    return rows & waiting()


def longest(rows: QuerySet[Conversation], person: User | None = None) -> list[Waiter]:
    """Those who wait longest; with a person, of what is theirs or nobody's."""
    if person:
        rows = rows.filter(Q(assignee=person) | Q(assignee__isnull=True))
    found = rows.select_related("customer", "whatsapp_number", "assignee").order_by("waiting_since", "pk")
    now = timezone.now()
    return [Waiter(conversation, now) for conversation in found[:LONGEST]]


def inbox_url(queue: str, **more: str) -> str:
    """Where people answer: a queue of the inbox."""
    return f"{reverse('admin:crm_inbox')}?{urlencode({'queue': queue, **more})}"


def conversation_url(conversation: Conversation) -> str:
    """Where people answer in a conversation."""
    return reverse("admin:crm_inbox_conversation", args=[conversation.pk])
