"""How many conversations wait in each queue, counted in one statement and no further than people care."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from crm.conversations.queues import QUEUES, in_queue
from crm.models import Conversation

from .listing import conversations_of

#: More are “99+”.
MAX_COUNT = 99

#: Queues that nobody works off: how long they are tells nothing.
UNCOUNTED = frozenset({"closed"})


@dataclass(frozen=True)
class Counts:
    """The numbers by the queue's name, and since when whoever came last waits."""

    numbers: dict[str, int]
    newest_waits_since: datetime | None

    def shown(self, queue: str) -> str:
        """A number as people read it; nothing for none."""
        number = self.numbers.get(queue, 0)
        return f"{MAX_COUNT}+" if number > MAX_COUNT else str(number or "")


def counts_of(user: User) -> Counts:
    """What waits for a person, in every queue."""
    names = [name for name in QUEUES if name not in UNCOUNTED]
    queries = [_capped(in_queue(conversations_of(user), name, user)) for name in names]
    newest = in_queue(conversations_of(user), "waiting", user).order_by("-waiting_since", "-id")
    parts = [f"(SELECT COUNT(*) FROM ({sql}) q)" for sql, _parameters in queries]
    sql, parameters = newest.values("waiting_since")[:1].query.sql_with_params()
    values = [value for _sql, values in [*queries, ("", parameters)] for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}, ({sql})", values)
        row: Any = cursor.fetchone()
    return Counts(dict(zip(names, row[:-1], strict=True)), _moment(row[-1]))


def _capped(rows: QuerySet[Conversation]) -> tuple[str, tuple[Any, ...]]:
    return rows.order_by().values("pk")[: MAX_COUNT + 1].query.sql_with_params()


def _moment(value: datetime | str | None) -> datetime | None:
    """SQLite returns a text where no model names the column."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return timezone.make_aware(value, timezone.get_default_timezone()) if value and value.tzinfo is None else value
