"""
A migration's operation that builds an index by which PostgreSQL finds any part of a text (its extension pg_trgm).

No model has it: SQLite knows no such index, and PostgreSQL only where the extension is there or may be created.
Without it a search reads the texts of the whole business.
"""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import DatabaseError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

from .concurrent_indexes import AddIndexConcurrently


class AddTrigramIndex(AddIndexConcurrently):
    def __init__(self, model_name: str, field: str, name: str) -> None:
        super().__init__(model_name, GinIndex(fields=[field], opclasses=["gin_trgm_ops"], name=name))

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models stay as they are."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql" and _may_use_trigrams(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


def _may_use_trigrams(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    try:
        with transaction.atomic(schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return False
    return True
