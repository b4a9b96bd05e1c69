"""
A migration's operation that builds an index of a table in use.

PostgreSQL builds it CONCURRENTLY, while others write. That cannot be done in a transaction, so the migration has
`atomic = False` and no other operation. On SQLite, and in a transaction (a backup is being restored, and nobody else
sees the table), the index is built in the usual way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddIndexConcurrently(migrations.AddIndex):
    """
    An index that PostgreSQL builds without a lock. One that a killed attempt left unfinished is built again. Django's
    own operation of this name imports psycopg, which is of no use on SQLite.
    """

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not _builds_concurrently(schema_editor):
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model, postgresql = to_state.apps.get_model(app_label, self.model_name), cast(Any, schema_editor)
        with _without_lock_timeout(schema_editor):
            is_whole = _is_whole(schema_editor, self.index.name)
            if is_whole is False:
                postgresql.remove_index(model, self.index, concurrently=True)
            if not is_whole:
                postgresql.add_index(model, self.index, concurrently=True)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not _builds_concurrently(schema_editor):
            return super().database_backwards(app_label, schema_editor, from_state, to_state)
        model, postgresql = from_state.apps.get_model(app_label, self.model_name), cast(Any, schema_editor)
        with _without_lock_timeout(schema_editor):
            postgresql.remove_index(model, self.index, concurrently=True)


def _builds_concurrently(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql" and not schema_editor.connection.in_atomic_block


def _is_whole(schema_editor: BaseDatabaseSchemaEditor, name: str) -> bool | None:
    """Whether an index is complete (None: there is none)."""
    if schema_editor.collect_sql:
        return None
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f'"{name}"'])
        found = cursor.fetchone()
    return found and found[0]


@contextmanager
def _without_lock_timeout(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """Building waits for all earlier transactions, even a backup's, and blocks nobody meanwhile."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lock_timeout', '0', false)")
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])
