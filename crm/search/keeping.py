"""
A migration's operation that builds the index of the words of messages, and has the database keep it.

No model has it. On PostgreSQL it is an index, built while others write. On SQLite it is a table of FTS5 with triggers
on the messages, and filled in one statement. Whatever rebuilds the table of messages there drops the triggers: then
the operation stands once more at the end of that migration, or in one after it.
"""

from typing import Any

from django.db import migrations, transaction

from accounts.database.concurrent_indexes import BuiltWhileInUse

from .index import MARK, NAME, WORDS
from .words import MAX_TEXT

_INDEX = f"{NAME} ON messages USING gin (({WORDS})) WHERE text <> ''"

# Without statistics the planner takes any word for rare, and reads the index. Of words that it knows as frequent it
# would rather make the words of all messages anew. What is new waits in a list that a search reads too: a short one.
_SETTINGS = [
    f"ALTER INDEX {NAME} SET (gin_pending_list_limit = 512)",
    f"ALTER INDEX {NAME} ALTER COLUMN 1 SET STATISTICS 0",
]

_TABLE = f"""
    CREATE VIRTUAL TABLE {NAME} USING fts5 (
        words, content = '', columnsize = 0, detail = none,
        tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
    )
"""
TRIGGERS = ("message_words_insert", "message_words_delete", "message_words_update")


def _words(row: str) -> str:
    """What stands in SQLite's table for a row of messages, an expression: the business, and its text."""
    mark = f"char({ord(MARK)})"
    text = f"replace(substr({row}text, 1, {MAX_TEXT}), {mark}, ' ')"
    return f"{mark} || {row}business_id || ' ' || replace(replace({text}, 'ё', 'е'), 'Ё', 'Е')"


_ADD = f"INSERT INTO {NAME} (rowid, words)"
_TAKE = f"INSERT INTO {NAME} ({NAME}, rowid, words)"

_FILL = f"{_ADD} SELECT id, {_words('')} FROM messages WHERE text <> '' ORDER BY id"
MAKE_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS {TRIGGERS[0]} AFTER INSERT ON messages WHEN new.text <> ''"
    f" BEGIN {_ADD} VALUES (new.id, {_words('new.')}); END",
    f"CREATE TRIGGER IF NOT EXISTS {TRIGGERS[1]} AFTER DELETE ON messages WHEN old.text <> ''"
    f" BEGIN {_TAKE} VALUES ('delete', old.id, {_words('old.')}); END",
    f"CREATE TRIGGER IF NOT EXISTS {TRIGGERS[2]} AFTER UPDATE OF text ON messages WHEN old.text <> new.text BEGIN"
    f" {_TAKE} SELECT 'delete', old.id, {_words('old.')} WHERE old.text <> '';"
    f" {_ADD} SELECT new.id, {_words('new.')} WHERE new.text <> ''; END",
]


class KeepMessageWords(BuiltWhileInUse, migrations.RunSQL):
    name_of_index = NAME
    model_name = "message"

    def __init__(self) -> None:
        super().__init__([f"CREATE INDEX {_INDEX}", *_SETTINGS], f"DROP INDEX IF EXISTS {NAME}")

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [], {}

    def build(self, model: Any, schema_editor: Any) -> None:
        schema_editor.execute(f"CREATE INDEX CONCURRENTLY {_INDEX}", params=None)
        for setting in _SETTINGS:
            schema_editor.execute(setting, params=None)

    def drop(self, model: Any, schema_editor: Any) -> None:
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}", params=None)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        with transaction.atomic(schema_editor.connection.alias):
            made = [] if _has_table(schema_editor) else [_TABLE, _FILL]
            for statement in [*made, *MAKE_TRIGGERS]:
                schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            return super().database_backwards(app_label, schema_editor, from_state, to_state)
        with transaction.atomic(schema_editor.connection.alias):
            for trigger in TRIGGERS:
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}", params=None)
            schema_editor.execute(f"DROP TABLE IF EXISTS {NAME}", params=None)


def _has_table(schema_editor: Any) -> bool:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s", [NAME])
        return cursor.fetchone() is not None
