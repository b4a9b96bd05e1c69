"""
Queries whose SQL is made once in a process. Django takes longer to make the SQL of a wide query than a database takes
to run it, so what is read for every message is prepared.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection, connections
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators

#: What a query finds: instances of a model, or tuples of chosen values (`values_list`).
Row = TypeVar("Row")

#: What differs from run to run.
Value = int | datetime | str

#: Stand in for the values while the SQL is made. No query holds them by chance.
_FIRST_ID = 2**61 + 7_340_157
STAND_IN_MOMENT = datetime(9000, 1, 1, 0, 0, 0, 734_157, tzinfo=UTC)
_TEXT = "\x1f734157:{}"


class PreparedQuery(Generic[Row]):
    """
    A query that differs from run to run in nothing but the values of its parameters, which are ids (int), moments
    (datetime) or texts (str). `build` makes the queryset of such values.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]], *kinds: type[Value]) -> None:
        self.build = build
        self._kinds = kinds
        self._plans: dict[str, _Plan] = {}

    def fetch(self, *values: Value) -> list[Row]:
        """The rows, with values in the order of `build`'s parameters."""
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = _Plan(self.build, self._kinds)
        return plan.fetch([adapted(value) for value in values])


class _Plan:
    """The SQL of a query, which of its parameters is which value, and how its rows are read."""

    _read: Callable[[Sequence[Any]], Any]

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], kinds: tuple[type, ...]) -> None:
        stand_ins = [_stand_in(kind, position) for position, kind in enumerate(kinds)]
        queryset = build(*stand_ins)
        self._db = queryset.db
        self._compiler = queryset.query.get_compiler(queryset.db)
        self._sql, parameters = self._compiler.as_sql()
        positions = {adapted(value): position for position, value in enumerate(stand_ins)}
        #: Each parameter: (position of its value, None), or (None, itself).
        self._parameters = [
            (positions[parameter], None) if _is_among(parameter, positions) else (None, parameter)
            for parameter in parameters
        ]
        if not {position for position, _constant in self._parameters} >= set(range(len(kinds))):
            raise ValueError("A value of a prepared query is not in its SQL as it is given.")
        self._prepare_reading(queryset)

    def _prepare_reading(self, queryset: Any) -> None:
        """As ModelIterable does for each run of a query. Rows of chosen values are read as they are."""
        compiler: Any = self._compiler
        self._converters = compiler.get_converters([selected[0] for selected in compiler.select])
        if queryset._iterable_class is ValuesListIterable:
            self._read = tuple
            return
        if queryset._iterable_class is not ModelIterable:
            raise ValueError("A prepared query finds instances, or tuples of values.")
        klass_info: Any = compiler.klass_info
        columns = klass_info["select_fields"]
        self._model = klass_info["model"]
        self._columns = slice(columns[0], columns[-1] + 1)
        self._names = [selected[0].target.attname for selected in compiler.select[self._columns]]
        self._related = get_related_populators(klass_info, compiler.select, self._db)  # type: ignore[call-arg]
        self._annotations = list((compiler.annotation_col_map or {}).items())
        self._read = self._instance

    def fetch(self, values: list[Any]) -> list[Any]:
        parameters = [constant if position is None else values[position] for position, constant in self._parameters]
        with connections[self._db].cursor() as cursor:
            cursor.execute(self._sql, parameters)
            rows = cursor.fetchall()
        return [self._read(row) for row in self._converted(rows)]

    def _converted(self, rows: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        if not rows or not self._converters:
            return rows
        compiler = copy.copy(self._compiler)
        compiler.connection = connections[self._db]
        return compiler.apply_converters(rows, self._converters)

    def _instance(self, row: Sequence[Any]) -> Any:
        instance = self._model.from_db(self._db, self._names, row[self._columns])
        for related in self._related:
            related.populate(row, instance)
        for name, position in self._annotations:
            setattr(instance, name, row[position])
        return instance


def _stand_in(kind: type, position: int) -> Value:
    if kind is int:
        return _FIRST_ID + position
    return _TEXT.format(position) if kind is str else STAND_IN_MOMENT + timedelta(days=position)


def adapted(value: Value) -> Any:
    """A value as a parameter of SQL."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _is_among(parameter: Any, positions: dict[Any, int]) -> bool:
    try:
        return parameter in positions
    except TypeError:
        return False
