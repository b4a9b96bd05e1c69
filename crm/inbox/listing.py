"""The list of the inbox: the conversations of a queue, narrowed by what a person chose, a page at a time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.tenancy.scope import scope
from crm.conversations.message_texts import shown_text
from crm.conversations.queues import LATEST_FIRST, QUEUES, in_queue
from crm.conversations.reads import with_unread
from crm.conversations.thread import TICKS
from crm.customers.search import matching
from crm.models import Conversation, Customer, Message
from crm.models.conversation import CUSTOMER_SERVICE_WINDOW

from .durations import short

PAGE_SIZE = 30

#: So many rows of a list are kept up to date.
MAX_ROWS = 300

#: A window that closes within this time is about to.
CLOSING = timedelta(hours=2)

#: Who has waited so long waits for long.
WAITS_LONG = timedelta(minutes=15)

#: Whose conversations nobody answers in particular.
NOBODY = "nobody"

#: What a row reads of its conversation.
RELATED = ("customer", "whatsapp_number", "assignee")


@dataclass(frozen=True)
class Choice:
    """What a person chose to see: a queue, and what narrows it. A search looks in all queues."""

    queue: str = "waiting"
    number: int | None = None
    tag: int | None = None
    assignee: str = ""
    is_closing: bool = False
    search: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        return LATEST_FIRST if self.search else QUEUES[self.queue].order


@dataclass
class Row:
    """One conversation as the list shows it, with the last thing that was said there."""

    conversation: Any
    last: Message | None
    colleagues: list[str] = field(default_factory=list)

    @property
    def pk(self) -> int:
        return int(self.conversation.pk)

    @property
    def text(self) -> str:
        return shown_text(self.last.type, self.last.text, self.last.content) if self.last else ""

    @property
    def tick(self) -> str:
        """The fate of the last message, if it is ours."""
        return TICKS.get(self.last.status, "") if self.last and self.is_ours else ""

    @property
    def is_ours(self) -> bool:
        return self.last is not None and self.last.direction == Message.Direction.OUT

    @property
    def is_failed(self) -> bool:
        return self.last is not None and self.last.status in (Message.Status.FAILED, Message.Status.UNKNOWN)

    @property
    def is_by_bot(self) -> bool:
        return self.last is not None and self.last.origin == Message.Origin.BOT

    @property
    def waits(self) -> str:
        """Since how long somebody waits for a person; empty where nobody does."""
        since = self.conversation.waiting_since
        return short(timezone.now() - since) if since else ""

    @property
    def waits_long(self) -> bool:
        since = self.conversation.waiting_since
        return since is not None and timezone.now() - since >= WAITS_LONG

    @property
    def window_left(self) -> str:
        """How long one may still write freely, where that is about to end."""
        closes_at = self.conversation.window_closes_at
        left = closes_at - timezone.now() if closes_at else timedelta()
        return short(left) if timedelta() < left <= CLOSING else ""

    @property
    def is_today(self) -> bool:
        return timezone.localdate(self.conversation.last_message_at) == timezone.localdate()


@dataclass(frozen=True)
class Page:
    """Rows in the order of their queue; `after` is the cursor of what follows, if anything does."""

    rows: list[Row]
    after: str = ""


def page(user: User, choice: Choice, after: str = "", size: int = PAGE_SIZE) -> Page:
    """The first page of what a person chose, or the one after a cursor that an earlier page gave."""
    found = with_unread(_after(_chosen(user, choice), choice.order, after), user).select_related(*RELATED)
    rows: list[Any] = list(found.annotate(last_pk=Subquery(_last_said().values("pk")[:1]))[: size + 1])
    has_more = len(rows) > size
    rows = rows[:size]
    said = Message.objects.in_bulk([row.last_pk for row in rows if row.last_pk])
    return Page([Row(row, said.get(row.last_pk)) for row in rows], _cursor(rows[-1], choice.order) if has_more else "")


def conversations_of(user: User) -> QuerySet[Conversation]:
    """All that a person may see."""
    return scope(Conversation.objects.order_by(), user)


def _last_said() -> QuerySet[Message]:
    said = Message.objects.filter(conversation=OuterRef("pk")).exclude(direction=Message.Direction.INTERNAL)
    return said.order_by("-timestamp", "-pk")


def _chosen(user: User, choice: Choice) -> QuerySet[Conversation]:
    rows = conversations_of(user)
    rows = _found(rows, user, choice.search) if choice.search else in_queue(rows, choice.queue, user)
    if choice.number:
        rows = rows.filter(whatsapp_number=choice.number)
    if choice.tag:
        rows = rows.filter(Exists(Customer.tags.through.objects.filter(customer=OuterRef("customer"), tag=choice.tag)))
    if choice.assignee:
        nobody = choice.assignee == NOBODY
        rows = rows.filter(assignee__isnull=True) if nobody else rows.filter(assignee=int(choice.assignee))
    if choice.is_closing:
        opened = timezone.now() - CUSTOMER_SERVICE_WINDOW
        rows = rows.filter(last_inbound_at__gt=opened, last_inbound_at__lte=opened + CLOSING)
    return rows


def _found(rows: QuerySet[Conversation], user: User, search: str) -> QuerySet[Conversation]:
    country = user.business.country if user.business else "RU"
    people = matching(scope(Customer.objects.order_by(), user), search, country)
    # SQLite looks at the customer of each row in turn, and so stops at the end of the page.
    return rows.filter(Exists(people.filter(pk=OuterRef("customer")))).order_by(*LATEST_FIRST)


# Cursors: the value by which a queue is ordered, and the id


def _cursor(row: Conversation, order: tuple[str, ...]) -> str:
    return f"{getattr(row, order[0].lstrip('-')).isoformat()}_{row.pk}"


def _after(rows: QuerySet[Conversation], order: tuple[str, ...], cursor: str) -> QuerySet[Conversation]:
    """Those of rows that come after a cursor; all, for what is none."""
    moment, _separator, pk = cursor.partition("_")
    try:
        value = datetime.fromisoformat(moment).astimezone(UTC)
        last_pk = int(pk)
    except (ValueError, OverflowError):
        return rows
    name, beyond = order[0].lstrip("-"), "lt" if order[0].startswith("-") else "gt"
    return rows.filter(Q(**{f"{name}__{beyond}": value}) | Q(**{name: value, f"id__{beyond}": last_pk}))
