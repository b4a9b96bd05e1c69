"""
Which ticks would find something. The clock asks the database for all of them in one statement, so that nothing is
given while nothing is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.database.prepared import STAND_IN_MOMENT, adapted

#: The rows that a tick may find at a moment, or more than these; made of nothing else that changes with time.
Sought = Callable[[datetime], Iterable[QuerySet[Any]]]


class Look:
    """A look for what ticks seek: the name of each → its rows."""

    def __init__(self, sought: Mapping[str, Sought]) -> None:
        self._sought = sought

    def idle(self) -> set[str]:
        """The names of the ticks that would find nothing now."""
        sql, parameters = self.statement
        now, stand_in = adapted(timezone.now()), adapted(STAND_IN_MOMENT)
        with connection.cursor() as cursor:
            cursor.execute(sql, [now if parameter == stand_in else parameter for parameter in parameters])
            found = cursor.fetchone()
        return {name for name, is_due in zip(self._sought, found, strict=True) if not is_due}

    @cached_property
    def statement(self) -> tuple[str, list[Any]]:
        """One row with a column for each tick: whether any of its rows is there."""
        columns, parameters = [], []
        for rows in self._sought.values():
            queries = [queryset.order_by().values("pk").query.sql_with_params() for queryset in rows(STAND_IN_MOMENT)]
            columns.append(" OR ".join(f"EXISTS ({sql})" for sql, _parameters in queries))
            parameters += [parameter for _sql, held in queries for parameter in held]
        return f"SELECT {', '.join(columns)}", parameters
