"""
What a migration may do. While a new version is installed, processes of the version before it go on: they insert rows
without the columns they do not know, and read and write everything they do know. So, on tables of the last release:

- A new column is nullable or has a `db_default`, and no index (`db_index=False`, then the next rule).
- An index is built and dropped by the operations of accounts.database.concurrent_indexes, in a migration with
  `atomic = False` that does nothing else.
- A field, a model or a table that old code uses is not removed or renamed, and a column changes only in ways old code
  does not notice: a longer text, a `db_default`. In the next release, when nobody uses it any more, it may go.
- A constraint is checked under a lock and may refuse what old code writes; what raw SQL does cannot be seen here.

Where a migration must do otherwise, it says why old code and its data can live with it:

    class Migration(migrations.Migration):
        lived_with = {"RemoveField crm.deal.note": "No released version has written or read it since 1.4."}

After a release BASELINE becomes its last migrations: `manage.py showmigrations` lists them.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.fields import NOT_PROVIDED

from accounts.database.concurrent_indexes import (
    AddIndexConcurrently,
    AddUniqueIndexConcurrently,
    DropIndexOfField,
    DropUniqueOfField,
)
from crm.search.keeping import KeepMessageWords

#: The last migration of each app in the last release.
BASELINE = {
    "accounts": "0003_delete_in_the_background",
    "bots": "0003_end_sessions_of_backups",
    "broadcasts": "0004_list_messages_of_a_business",
    "crm": "0006_add_conversation_exports",
    "whatsapp": "0006_find_the_last_event",
}

#: What old code does not notice.
HARMLESS = (
    migrations.AlterModelManagers,
    migrations.AlterModelOptions,
    migrations.AlterModelTableComment,
    migrations.CreateModel,
    migrations.RemoveConstraint,
    migrations.RemoveIndex,
    migrations.RenameIndex,
    migrations.RunPython,
)

#: What is done while others write, and again after a kill.
CONCURRENT = (AddIndexConcurrently, AddUniqueIndexConcurrently, DropIndexOfField, DropUniqueOfField, KeepMessageWords)

#: What a field has in Python alone. A changed `db_column` renames the column.
IN_PYTHON = {*models.Field.non_db_attrs, "auto_now", "auto_now_add", "default"} - {"db_column"}


def faults() -> list[str]:
    """What the migrations since the last release do that they may not."""
    loader = MigrationLoader(None)
    released = loader.project_state(list(BASELINE.items()))
    done = set(chain.from_iterable(loader.graph.forwards_plan(key) for key in BASELINE.items()))
    state, found = released.clone(), []
    for key in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
        if key not in done:
            migration = loader.graph.nodes[key]
            if key[0] in BASELINE:
                found += faults_of(migration, state, released)
            state = migration.mutate_state(state)
    return found


def faults_of(migration: migrations.Migration, state: ProjectState, released: ProjectState) -> list[str]:
    """What a migration of `state` does that it may not after `released`, and reasons it gives for nothing."""
    reasons = getattr(migration, "lived_with", {})
    found = dict(_faults_by_name(migration, state.clone(), released))
    unexplained = [f"{migration}: {name} {problem}" for name, problem in found.items() if not reasons.get(name)]
    unneeded = [f"{migration}: lived_with names {name}, which is no fault" for name in reasons.keys() - found.keys()]
    return unexplained + unneeded


def _faults_by_name(
    migration: migrations.Migration, state: ProjectState, released: ProjectState
) -> Iterator[tuple[str, str]]:
    app = migration.app_label
    for operation in migration.operations:
        for part in getattr(operation, "database_operations", [operation]):
            for problem in _problems(part, migration, state, released):
                yield _name(part, app), problem
        operation.state_forwards(app, state)


def _name(operation: Any, app: str) -> str:
    parts = [getattr(operation, name, None) for name in ("model_name", "name")]
    if isinstance(operation, migrations.AddIndex):
        parts.append(operation.index.name)
    if isinstance(operation, migrations.AddConstraint):
        parts.append(operation.constraint.name)
    if isinstance(operation, migrations.RenameModel):
        parts = [operation.old_name]
    if isinstance(operation, migrations.RenameField):
        parts = [operation.model_name, operation.old_name]
    return " ".join([type(operation).__name__, ".".join(filter(None, [app, *parts]))])


def _problems(
    operation: Operation, migration: migrations.Migration, state: ProjectState, released: ProjectState
) -> Iterator[str]:
    app = migration.app_label
    if isinstance(operation, CONCURRENT):
        if migration.atomic or not all(isinstance(other, CONCURRENT) for other in migration.operations):
            yield "needs `atomic = False` and a migration of its own"
    elif isinstance(operation, HARMLESS) or _is_new(operation, app, released):
        return
    elif isinstance(operation, migrations.AddField):
        yield from _problems_of_column(operation.field)
    elif isinstance(operation, migrations.AlterField):
        if changes := _changes(state.models[app, operation.model_name_lower].fields[operation.name], operation.field):
            yield f"changes what old code uses: {', '.join(changes)}"
    elif isinstance(operation, migrations.AddIndex):
        yield "locks the table while it is built: use AddIndexConcurrently"
    elif isinstance(operation, migrations.AddConstraint):
        yield "locks the table while it is checked, and old code does not know it"
    else:
        yield "takes away what old code uses, or cannot be seen through"


def _is_new(operation: Any, app: str, released: ProjectState) -> bool:
    """Whether the table, or the column, came after the last release, so that old code does not know it."""
    if isinstance(operation, migrations.RunSQL):
        return False
    names = [getattr(operation, name, None) for name in ("model_name", "old_name", "name")]
    model = released.models.get((app, next(filter(None, names)).lower()))
    field = {
        migrations.AlterField: "name",
        migrations.RemoveField: "name",
        migrations.RenameField: "old_name",
    }.get(type(operation))
    return model is None or bool(field and getattr(operation, field) not in model.fields)


def _problems_of_column(field: models.Field) -> Iterator[str]:
    if field.many_to_many:
        return
    if field.generated:
        yield "rewrites the table under a lock"
    elif not field.null and field.db_default is NOT_PROVIDED:
        yield "is NOT NULL without a db_default: old code inserts rows without it"
    elif field.unique or field.db_index:
        yield "builds an index under a lock: db_index=False, then AddIndexConcurrently"


def _changes(before: models.Field, after: models.Field) -> list[str]:
    """What of a field the database, and so old code, notices."""
    _name, type_before, _arguments, old = before.deconstruct()
    _name, type_after, _arguments, new = after.deconstruct()
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} - IN_PYTHON
    if "db_default" in new:
        changed.discard("db_default")
    if (new.get("max_length") or 0) > (old.get("max_length") or 0):
        changed.discard("max_length")
    return sorted(changed) if type_before == type_after else ["type", *sorted(changed)]
