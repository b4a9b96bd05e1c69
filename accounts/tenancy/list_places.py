"""Places in a list, named by the values of the row beside them: a database finds these however long the list is."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet


@dataclass(frozen=True)
class Place:
    """The rows after a row of a list, or before it, by that row's values. Before no row is the end of the list."""

    is_after: bool
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        """What it is called in an address."""
        encoded = urlsafe_b64encode(json.dumps([str(value) for value in self.values]).encode()) if self.values else b""
        return f"{'after' if self.is_after else 'before'}-{encoded.decode().rstrip('=')}"


END = Place(is_after=False)


class ColumnOrder:
    """An order by columns that are never NULL, so that a row's values say what comes after it."""

    def __init__(self, columns: list[tuple[Any, bool]]) -> None:
        self._columns = columns
        self.names = [field.attname for field, _is_descending in columns]

    @classmethod
    def of(cls, queryset: QuerySet[Any]) -> "ColumnOrder | None":
        """The order of a queryset; None where it is ordered by anything else."""
        names = [name if isinstance(name, str) else "" for name in queryset.query.order_by]
        columns = [(_column(queryset.model, name.removeprefix("-")), name.startswith("-")) for name in names]
        is_total = all(field for field, _is_descending in columns) and any(field.unique for field, _ in columns)
        return cls(columns) if is_total else None

    def rows_at(self, place: Place) -> Q:
        """The condition of being there."""
        beyond = Q()
        for (field, is_descending), value in reversed(list(zip(self._columns, place.values, strict=False))):
            sign = "lt" if is_descending == place.is_after else "gt"
            further = Q((f"{field.attname}__{sign}", value))
            # What an index needs comes first: the rows with the same value have to be looked at.
            beyond = Q((f"{field.attname}__{sign}e", value)) & (further | beyond) if beyond else further
        return beyond

    def place(self, text: str) -> Place | None:
        """The place that an address names; None if it names none of this order."""
        side, _dash, encoded = text.partition("-")
        try:
            values = json.loads(urlsafe_b64decode(encoded + "==")) if encoded else []
            fields = [field for field, _is_descending in self._columns]
            read = tuple(field.to_python(value) for field, value in zip(fields, values, strict=bool(values)))
        except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
            return None
        if side == "after" and read:
            return Place(True, read)
        return Place(False, read) if side == "before" else None


def _column(model: type[Model], name: Any) -> Any:
    """The field of a part of an order that is a column; None of any other. A relation is an order of other rows."""
    try:
        field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    is_column = field is not None and field.concrete and not field.null
    return field if is_column and (not field.is_relation or name == field.attname) else None
