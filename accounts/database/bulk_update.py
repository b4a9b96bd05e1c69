"""
One UPDATE of many rows, each with its own values: `UPDATE … FROM (VALUES …)` in the SQL that SQLite (since 3.33) and
PostgreSQL share. Django's bulk_update builds a CASE per row and column, which takes fifty times as long.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import CharField, Model


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
    source, values = _source(fields, rows)
    names = ", ".join(quote(field.column) for field in fields)
    assignments = [f"{quote(_field(model, name).column)} = {sql}" for name, sql in changes.items()]
    assignments += [f"{quote(field.column)} = %s" for field in fixed]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH v ({names}) AS ({source})"
            f" UPDATE {quote(model._meta.db_table)} AS t SET {', '.join(assignments)} FROM v WHERE {where}",
            [*values, *parameters(list(fixed), [list(fixed.values())])],
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


def _source(fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """
    SQL that makes the rows, and its parameters. On PostgreSQL texts are an array for each column: such a statement is
    the same for any number of rows, so that neither side takes it apart anew.
    """
    if connection.vendor == "postgresql" and all(isinstance(field, CharField) for field in fields):
        arrays = ", ".join(f"%s::{field.cast_db_type(connection)}[]" for field in fields)
        return f"SELECT * FROM unnest({arrays})", [list(column) for column in zip(*rows, strict=True)]
    values = ", ".join([placeholders(fields, cast=True), *[placeholders(fields)] * (len(rows) - 1)])
    return f"VALUES {values}", [*parameters(fields, rows)]


def placeholders(fields: Sequence[Any], cast: bool = False) -> str:
    """Placeholders of a row. PostgreSQL takes the types of VALUES from its first row; SQLite has none to take."""
    if cast and connection.vendor == "postgresql":
        return "({})".format(", ".join(f"CAST(%s AS {field.cast_db_type(connection)})" for field in fields))
    return "({})".format(", ".join(["%s"] * len(fields)))
