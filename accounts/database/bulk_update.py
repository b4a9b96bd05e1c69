"""
One UPDATE of many rows, each with its own values: `UPDATE … FROM (VALUES …)` in the SQL that SQLite (since 3.33) and
PostgreSQL share. Django's bulk_update builds a CASE per row and column, which takes fifty times as long.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model


def update_rows(
    model: type[Model],
    given: Sequence[str],
    rows: Sequence[Sequence[Any]],
    changes: Mapping[str, str],
    where: str,
    constants: Mapping[str, Any] | None = None,
) -> None:
    """
    Update the rows of `model` (`t` in SQL) from `rows` (`v`), tuples with the values of the fields named in `given`.
    `changes` maps a field to the SQL of its new value, `constants` to a value for all rows; `where` joins t and v.
    """
    if not rows:
        return
    fixed = {_field(model, name): value for name, value in (constants or {}).items()}
    quote = connection.ops.quote_name
    fields = [_field(model, name) for name in given]
    values = ", ".join([placeholders(fields, cast=True), *[placeholders(fields)] * (len(rows) - 1)])
    names = ", ".join(quote(field.column) for field in fields)
    assignments = [f"{quote(_field(model, name).column)} = {sql}" for name, sql in changes.items()]
    assignments += [f"{quote(field.column)} = %s" for field in fixed]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH v ({names}) AS (VALUES {values})"
            f" UPDATE {quote(model._meta.db_table)} AS t SET {', '.join(assignments)} FROM v WHERE {where}",
            [*parameters(fields, rows), *parameters(list(fixed), [list(fixed.values())])],
        )


def parameters(fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[Any]:
    # Not Django's proxy, which looks for the connection of this thread at each use.
    database = connections[DEFAULT_DB_ALIAS]
    for row in rows:
        for field, value in zip(fields, row, strict=True):
            yield field.get_db_prep_save(value, database)


def _field(model: type[Model], name: str) -> Any:
    """A field that is a column."""
    return model._meta.get_field(name)


def placeholders(fields: Sequence[Any], cast: bool = False) -> str:
    """Placeholders of a row. PostgreSQL takes the types of VALUES from its first row; SQLite has none to take."""
    if cast and connection.vendor == "postgresql":
        return "({})".format(", ".join(f"CAST(%s AS {field.cast_db_type(connection)})" for field in fields))
    return "({})".format(", ".join(["%s"] * len(fields)))
