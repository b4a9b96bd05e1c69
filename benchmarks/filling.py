"""Many rows at once: INSERT … SELECT of expressions in n = 1, 2…, in the SQL that SQLite and PostgreSQL share."""

from contextlib import contextmanager

from django.apps import apps
from django.db import connection

#: What stands in a column that is not named, by the kind of its field.
EMPTY = {"BooleanField": "false", "JSONField": "'{}'", "DateTimeField": "CURRENT_TIMESTAMP"}


@contextmanager
def unchecked():
    """Without a look-up of each foreign key, which takes longer than the rows themselves."""
    off, on = {
        "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
        "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = origin"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(off)
        yield
        cursor.execute(on)


def age(seconds):
    """A moment so many seconds ago, an SQL expression."""
    if connection.vendor == "sqlite":
        return f"datetime('now', '-' || ({seconds}) || ' seconds')"
    return f"now() - interval '1 second' * ({seconds})"


def first(table, business=None):
    """The least id of a table, or of a business's rows in it, an SQL expression."""
    where = f" WHERE business_id = {business.pk}" if business else ""
    return f"(SELECT min(id) FROM {table}{where})"


def fill(table, rows, /, **columns):
    """Insert rows of SQL expressions in n = 1, 2…; columns that are not named are 0, empty or NULL."""
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    for field in model._meta.concrete_fields:
        if not field.primary_key and not field.null:
            columns.setdefault(field.column, empty(field))
    names, values = ", ".join(f'"{column}"' for column in columns), ", ".join(map(str, columns.values()))
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) '
            f"WITH RECURSIVE serial(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM serial WHERE n < {rows}) "
            f"SELECT {values} FROM serial"
        )


def empty(field):
    return EMPTY.get(field.get_internal_type()) or ("''" if field.empty_strings_allowed else "0")


def tidy():
    """Let the database know what it holds."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
