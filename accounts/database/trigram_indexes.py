"""
A migration's operation that builds an index by which PostgreSQL finds any part of a text (its extension pg_trgm).

No model has it: SQLite knows no such index, and PostgreSQL only where the extension is there or may be created.
Without it a search reads the texts of the whole business.
"""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import DatabaseError, connection, transaction
from django.db.migrations.state import ProjectState

from .concurrent_indexes import AddIndexConcurrently

#: PostgreSQL's codes for an extension that may not be created, or is not installed: since version 15, and before.
NOT_THERE = ("42501", "0A000", "58P01")


class AddTrigramIndex(AddIndexConcurrently):
    def __init__(self, model_name: str, field: str, name: str) -> None:
        super().__init__(model_name, GinIndex(fields=[field], opclasses=["gin_trgm_ops"], name=name))

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models stay as they are."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql" and has_trigrams():
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


def has_trigrams() -> bool:
    """Whether indexes of trigrams can be built in this database, where the extension is created if that is allowed."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") not in NOT_THERE:
            raise
    with connection.cursor() as cursor:
        # It may be in a schema where nobody looks for it.
        cursor.execute("SELECT 1 FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)")
        return cursor.fetchone() is not None
