"""
Queries whose SQL is made once in a process. Django takes longer to make the SQL of a wide query than a database takes
to run it, so what is read for every message is prepared.
"""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection, connections
from django.db.models import Model, QuerySet

T = TypeVar("T", bound=Model)

#: What differs from run to run.
Value = int | datetime | str

#: Stand in for the values while the SQL is made. No query holds them by chance.
_FIRST_ID = 2**61 + 7_340_157
_FIRST_MOMENT = datetime(9000, 1, 1, 0, 0, 0, 734_157, tzinfo=UTC)
_TEXT = "\x1f734157:{}"


class PreparedQuery(Generic[T]):
    """
    A query that differs from run to run in nothing but the values of its parameters, which are ids (int), moments
    (datetime) or texts (str). `build` makes the queryset of such values.
    """

    def __init__(self, build: Callable[..., QuerySet[T, Any]], *kinds: type[Value]) -> None:
        self.build = build
        self._kinds = kinds
        self._plans: dict[str, _Plan] = {}

    def fetch(self, *values: Value) -> list[T]:
        """The rows, with values in the order of `build`'s parameters."""
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = _Plan(self.build, self._kinds)
        queryset: Any = plan.queryset.all()
        # Its setter would look into the query.
        queryset._query = _Run(plan, [_adapted(value) for value in values])
        return list(queryset._iterable_class(queryset))


class _Plan:
    """The SQL of a query, and which of its parameters is which value."""

    def __init__(self, build: Callable[..., QuerySet[Any]], kinds: tuple[type, ...]) -> None:
        stand_ins = [_stand_in(kind, position) for position, kind in enumerate(kinds)]
        self.queryset = build(*stand_ins)
        self.compiler = self.queryset.query.get_compiler(self.queryset.db)
        self.sql, parameters = self.compiler.as_sql()
        self.converters = self.compiler.get_converters([selected[0] for selected in self.compiler.select])
        positions = {_adapted(value): position for position, value in enumerate(stand_ins)}
        #: Each parameter: (position of its value, None), or (None, itself).
        self.parameters = [
            (positions[parameter], None) if _is_among(parameter, positions) else (None, parameter)
            for parameter in parameters
        ]


class _Run:
    """In the place of a queryset's Query: its compiler has made its SQL already."""

    def __init__(self, plan: _Plan, values: list[Any]) -> None:
        self._plan = plan
        self._values = values

    def get_compiler(self, using: str) -> Any:
        plan = self._plan
        parameters = tuple(
            parameter if position is None else self._values[position] for position, parameter in plan.parameters
        )
        compiler = copy.copy(plan.compiler)
        compiler.connection = connections[using]
        compiler.as_sql = lambda *args, **kwargs: (plan.sql, parameters)
        compiler.get_converters = lambda expressions: plan.converters
        return compiler


def _stand_in(kind: type, position: int) -> Value:
    if kind is int:
        return _FIRST_ID + position
    return _TEXT.format(position) if kind is str else _FIRST_MOMENT + timedelta(days=position)


def _adapted(value: Value) -> Any:
    """A value as a parameter of SQL."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _is_among(parameter: Any, positions: dict[Any, int]) -> bool:
    try:
        return parameter in positions
    except TypeError:
        return False
