"""Which migrations a database has, and whether this code knows them."""

from collections.abc import Iterable

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

#: A migration as the database notes it: app and name.
Migration = tuple[str, str]


def applied() -> list[Migration]:
    """The migrations that the database has."""
    return sorted(MigrationLoader(connection).applied_migrations)


def is_complete() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def unknown(migrations: Iterable[Migration]) -> list[Migration]:
    """Those that this code lacks: a newer version made them."""
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations).union(*(migration.replaces for migration in loader.disk_migrations.values()))
    return [(app, name) for app, name in migrations if (app, name) not in known]


def tables() -> set[str]:
    """The tables that the applied migrations have made."""
    loader = MigrationLoader(connection)
    state = loader.project_state([key for key in loader.applied_migrations if key in loader.graph.nodes])
    models = state.apps.get_models(include_auto_created=True)
    return {"django_migrations", *(model._meta.db_table for model in models if model._meta.managed)}
