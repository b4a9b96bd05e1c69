"""
A migration's operations on indexes of tables in use.

PostgreSQL builds and drops them CONCURRENTLY, while others write. That cannot be done in a transaction, so the
migration has `atomic = False`, and no other operations than these: after a kill they are done again. On SQLite, and in
a transaction (a backup is being restored, and nobody else sees the table), it is done in the usual way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Index, Model


class BuiltWhileInUse:
    """
    What is an index is built without a lock on PostgreSQL. One that a killed attempt left unfinished is built again.
    """

    @property
    def name_of_index(self) -> str:
        raise NotImplementedError

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        is_whole = _is_whole(schema_editor, self.name_of_index)
        if not _builds_concurrently(schema_editor):
            if not is_whole:
                super().database_forwards(app_label, schema_editor, from_state, to_state)  # type: ignore[misc]
            return
        model = to_state.apps.get_model(app_label, self.model_name)  # type: ignore[attr-defined]
        with _without_lock_timeout(schema_editor):
            if is_whole is False:
                self.drop(model, schema_editor)
            if not is_whole:
                self.build(model, schema_editor)

    def build(self, model: type[Model], schema_editor: Any) -> None:
        raise NotImplementedError

    def drop(self, model: type[Model], schema_editor: Any) -> None:
        raise NotImplementedError


class AddIndexConcurrently(BuiltWhileInUse, migrations.AddIndex):
    """Django's own operation of this name imports psycopg, which is of no use on SQLite."""

    @property
    def name_of_index(self) -> str:
        return self.index.name

    def build(self, model: type[Model], schema_editor: Any) -> None:
        schema_editor.add_index(model, self.index, concurrently=True)

    def drop(self, model: type[Model], schema_editor: Any) -> None:
        schema_editor.remove_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if not _builds_concurrently(schema_editor):
            return super().database_backwards(app_label, schema_editor, from_state, to_state)
        with _without_lock_timeout(schema_editor):
            self.drop(from_state.apps.get_model(app_label, self.model_name), schema_editor)


class AddUniqueIndexConcurrently(BuiltWhileInUse, migrations.AddConstraint):
    """A unique constraint with a condition, which is an index."""

    @property
    def name_of_index(self) -> str:
        return self.constraint.name

    def build(self, model: type[Model], schema_editor: Any) -> None:
        sql = str(self.constraint.create_sql(model, schema_editor))
        schema_editor.execute(sql.replace(" INDEX ", " INDEX CONCURRENTLY ", 1))

    def drop(self, model: type[Model], schema_editor: Any) -> None:
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.constraint.name)}")


class DropUniqueOfField(migrations.AlterField):
    """A field that is not `unique=True` any more: PostgreSQL drops two indexes in no time, SQLite copies the table."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with transaction.atomic(schema_editor.connection.alias):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class DropIndexOfField(migrations.AlterField):
    """A foreign key that has `db_index=False` from now on. AlterField would check the whole foreign key anew."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        others = {index.name for index in model._meta.indexes}
        columns = [model._meta.get_field(self.name).column]
        concurrently = "CONCURRENTLY " if _builds_concurrently(schema_editor) else ""
        names = schema_editor._constraint_names(model, columns, index=True, type_=Index.suffix, exclude=others)
        with _without_lock_timeout(schema_editor):
            for name in names:
                schema_editor.execute(f"DROP INDEX {concurrently}{schema_editor.quote_name(name)}")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        concurrently = {"concurrently": True} if _builds_concurrently(schema_editor) else {}
        fields = [model._meta.get_field(self.name)]
        with _without_lock_timeout(schema_editor):
            schema_editor.execute(schema_editor._create_index_sql(model, fields=fields, **concurrently))


def _builds_concurrently(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql" and not schema_editor.connection.in_atomic_block


def _is_whole(schema_editor: BaseDatabaseSchemaEditor, name: str) -> bool | None:
    """Whether an index is complete (None: there is none)."""
    if schema_editor.collect_sql:
        return None
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f'"{name}"'])
        else:
            cursor.execute("SELECT true FROM sqlite_master WHERE type = 'index' AND name = %s", [name])
        found = cursor.fetchone()
    return found and found[0]


@contextmanager
def _without_lock_timeout(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """Building waits for all earlier transactions, even a backup's, and blocks nobody meanwhile."""
    if not _builds_concurrently(schema_editor):
        yield
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lock_timeout', '0', false)")
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])
