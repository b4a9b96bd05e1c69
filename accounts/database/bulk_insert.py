"""
Many rows inserted from tuples: on PostgreSQL they travel as one JSON document, on SQLite one statement is made once
and run for each. Django's bulk_create wants an object for each row, which takes many times as long. (PostgreSQL's COPY
would refuse all rows because of one that is there already.)

A few instances are inserted with less ado, and it is told which of them were not there yet (`RETURNING`, on SQLite
since 3.35).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import JSONField, Model

from .bulk_update import parameters, placeholders

T = TypeVar("T", bound=Model)


def insert_rows(
    model: type[Model],
    given: Sequence[str],
    rows: Sequence[Sequence[Any]],
    constants: Mapping[str, Any] | None = None,
) -> None:
    """
    Insert rows of `model` from `rows`, tuples with the values of the fields named in `given`. `constants` maps a field
    to its value in all rows; the others are as in a new instance. Rows that are there already stay as they are.
    """
    if not rows:
        return
    fields: list[Any] = [model._meta.get_field(name) for name in given]
    fixed = _the_same_in_all(model, fields, constants or {})
    names = ", ".join(_quoted(field.column) for field in (*fields, *fixed))
    into = f"INSERT INTO {_quoted(model._meta.db_table)} ({names})"
    insert = _insert_document if connection.vendor == "postgresql" else _insert_each
    insert(into, fields, rows, list(fixed.values()))


def insert_missing(rows: Sequence[T], once: str) -> list[T]:
    """
    Insert rows of one model, in order, but for those that break a rule of uniqueness; `once` names the field by which
    these rows differ. Returns the rows that were inserted, without their ids.
    """
    if not rows:
        return []
    constants, columns = _new_values(rows)
    named: Any = rows[0]._meta.get_field(once)
    names = ", ".join(_quoted(field.column) for field in (*constants, *columns))
    selected, source = ["%s"] * len(constants), ""
    if columns:
        values = [placeholders(list(columns), cast=True), *[placeholders(list(columns))] * (len(rows) - 1)]
        selected, source = [*selected, "v.*"], f"FROM (VALUES {', '.join(values)}) AS v"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_quoted(rows[0]._meta.db_table)} ({names}) SELECT {', '.join(selected)} {source}"
            f" WHERE true ON CONFLICT DO NOTHING RETURNING {_quoted(named.column)}",
            [
                *parameters(list(constants), [list(constants.values())]),
                *parameters(list(columns), zip(*columns.values(), strict=True)),
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


def _the_same_in_all(model: type[Model], given: Sequence[Any], constants: Mapping[str, Any]) -> dict[Any, Any]:
    """The columns that are not given and not NULL by themselves, with the value that a new instance stores in them."""
    instance = model(**constants)
    others = [field for field in model._meta.concrete_fields if field not in given and not field.primary_key]
    values = {field: _preparation(field)(field.pre_save(instance, True)) for field in others}
    return {field: value for field, value in values.items() if value is not None or field.has_db_default()}


def _insert_document(into: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]], fixed: list[Any]) -> None:
    prepared = [_as_they_are if isinstance(field, JSONField) else _preparation(field) for field in fields]
    names = [field.column for field in fields]
    columns = ", ".join(f"{_quoted(field.column)} {field.cast_db_type(connection)}" for field in fields)
    document = [
        {name: prepare(value) for name, prepare, value in zip(names, prepared, row, strict=True)} for row in rows
    ]
    selected = f"SELECT v.*{', %s' * len(fixed)} FROM jsonb_to_recordset(%s) AS v({columns})"
    with connection.cursor() as cursor:
        cursor.execute(f"{into} {selected} ON CONFLICT DO NOTHING", [*fixed, json.dumps(document, default=str)])


def _insert_each(into: str, fields: Sequence[Any], rows: Sequence[Sequence[Any]], fixed: list[Any]) -> None:
    columns = [map(_preparation(field), values) for field, values in zip(fields, zip(*rows, strict=True), strict=True)]
    places = ", ".join(["%s"] * (len(fields) + len(fixed)))
    with connection.cursor() as cursor:
        values = list(zip(*columns, *map(repeat, fixed), strict=False))
        cursor.executemany(f"{into} VALUES ({places}) ON CONFLICT DO NOTHING", values)


def _preparation(field: Any) -> Callable[[Any], Any]:
    """Makes a value of a field one for the database. What Django would look up for each value is looked up once."""
    target = field.target_field if field.is_relation else field
    return partial(target.get_db_prep_save, connection=connections[DEFAULT_DB_ALIAS])


def _as_they_are(value: Any) -> Any:
    return value


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
