"""
Saves a row as `Model.save` does, by SQL that is made once for a model and its fields: Django takes longer to make the
SQL of a save than a database takes to run it. For what is written with every message. Signals are not sent, and a
`save` of the model's own is not called.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import Field, Model


def insert(row: Model) -> None:
    """Store a new row, which gets its id."""
    database = connections[DEFAULT_DB_ALIAS]
    fields, sql = _insertion(type(row), database.vendor)
    values = [field.get_db_prep_save(field.pre_save(row, True), database) for field in fields]
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        [row.pk] = cursor.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: Model, names: Iterable[str]) -> None:
    """Save these fields of a row, and no others. Raises DatabaseError when the row is gone."""
    database = connections[DEFAULT_DB_ALIAS]
    fields, sql = _change(type(row), tuple(sorted(names)), database.vendor)
    values = [field.get_db_prep_save(field.pre_save(row, False), database) for field in fields]
    with database.cursor() as cursor:
        cursor.execute(sql, [*values, row.pk])
        if not cursor.rowcount:
            raise DatabaseError(f"{row._meta.label} {row.pk} is gone.")


@lru_cache
def _insertion(model: type[Model], vendor: str) -> "tuple[list[Field[Any, Any]], str]":
    quote = connection.ops.quote_name
    fields: list[Any] = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(quote(field.column) for field in fields)
    values = ", ".join(["%s"] * len(fields))
    table, pk = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return fields, f"INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING {pk}"


@lru_cache
def _change(model: type[Model], names: tuple[str, ...], vendor: str) -> "tuple[list[Field[Any, Any]], str]":
    quote = connection.ops.quote_name
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    changes = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    table, pk = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return fields, f"UPDATE {table} SET {changes} WHERE {pk} = %s"
