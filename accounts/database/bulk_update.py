"""
One UPDATE of many rows, each with its own values: `UPDATE … FROM (VALUES …)` in the SQL that SQLite (since 3.33) and
PostgreSQL share. Django's bulk_update builds a CASE per row and column, which takes fifty times as long.

Also one INSERT of many pairs of keys, for each of which bulk_create would build an object, and one of many rows that
tells which of them were not there yet (`RETURNING`, on SQLite since 3.35), which bulk_create cannot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model

T = TypeVar("T", bound=Model)

#: Rows in one INSERT. SQLite accepts 32,766 values in a statement.
INSERT_BATCH = 5000


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
    values = ", ".join([_row_of(fields, cast=True), *[_row_of(fields)] * (len(rows) - 1)])
    names = ", ".join(quote(field.column) for field in fields)
    assignments = [f"{quote(_field(model, name).column)} = {sql}" for name, sql in changes.items()]
    assignments += [f"{quote(field.column)} = %s" for field in fixed]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH v ({names}) AS (VALUES {values})"
            f" UPDATE {quote(model._meta.db_table)} AS t SET {', '.join(assignments)} FROM v WHERE {where}",
            [*_parameters(fields, rows), *_parameters(list(fixed), [list(fixed.values())])],
        )


def insert_pairs(model: type[Model], given: Sequence[str], pairs: Sequence[tuple[Any, Any]]) -> None:
    """Insert rows of `model` that are two foreign keys, named in `given`, and nothing else. Existing rows stay."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(_field(model, name).column) for name in given)
    with connection.cursor() as cursor:
        for start in range(0, len(pairs), INSERT_BATCH):
            part = pairs[start : start + INSERT_BATCH]
            values = ", ".join(["(%s, %s)"] * len(part))
            cursor.execute(
                f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES {values} ON CONFLICT DO NOTHING",
                list(chain.from_iterable(part)),
            )


def insert_missing(rows: Sequence[T], once: str) -> list[T]:
    """
    Insert rows of one model, in order, but for those that break a rule of uniqueness; `once` names the field by which
    these rows differ. Returns the rows that were inserted, without their ids.
    """
    if not rows:
        return []
    quote = connection.ops.quote_name
    constants, columns = _new_values(rows)
    names = ", ".join(quote(field.column) for field in (*constants, *columns))
    selected, source = ["%s"] * len(constants), ""
    if columns:
        values = [_row_of(list(columns), cast=True), *[_row_of(list(columns))] * (len(rows) - 1)]
        selected, source = [*selected, "v.*"], f"FROM (VALUES {', '.join(values)}) AS v"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(rows[0]._meta.db_table)} ({names}) SELECT {', '.join(selected)} {source}"
            f" WHERE true ON CONFLICT DO NOTHING RETURNING {quote(_field(type(rows[0]), once).column)}",
            [
                *_parameters(list(constants), [list(constants.values())]),
                *_parameters(list(columns), zip(*columns.values(), strict=True)),
            ],
        )
        inserted = {value for (value,) in cursor.fetchall()}
    return [row for row in rows if getattr(row, once) in inserted]


def _new_values(rows: Sequence[Model]) -> tuple[dict[Any, Any], dict[Any, list[Any]]]:
    """The fields of new rows: those in which all are the same, and those in which they differ, with their values."""
    constants, columns = {}, {}
    for field in rows[0]._meta.concrete_fields:
        if field.primary_key:
            continue
        first, *others = values = [field.pre_save(row, add=True) for row in rows]
        if any(value != first for value in others):
            columns[field] = values
        elif first is not None or field.has_db_default():
            constants[field] = first
    return constants, columns


def _parameters(fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[Any]:
    # Not Django's proxy, which looks for the connection of this thread at each use.
    database = connections[DEFAULT_DB_ALIAS]
    for row in rows:
        for field, value in zip(fields, row, strict=True):
            yield field.get_db_prep_save(value, database)


def _field(model: type[Model], name: str) -> Any:
    """A field that is a column."""
    return model._meta.get_field(name)


def _row_of(fields: Sequence[Any], cast: bool = False) -> str:
    """Placeholders of a row. PostgreSQL takes the types of VALUES from its first row; SQLite has none to take."""
    if cast and connection.vendor == "postgresql":
        return "({})".format(", ".join(f"CAST(%s AS {field.cast_db_type(connection)})" for field in fields))
    return "({})".format(", ".join(["%s"] * len(fields)))
