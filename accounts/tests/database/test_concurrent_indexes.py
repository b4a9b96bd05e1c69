"""An index of a table in use is built while others write to it."""

from collections.abc import Iterator

import pytest
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext

from accounts.database.concurrent_indexes import AddIndexConcurrently

pytestmark = pytest.mark.django_db(transaction=True)

needs_postgres = pytest.mark.postgresql

INDEX = models.Index(fields=["name"], name="business_by_name")


class AddIndex(migrations.Migration):
    atomic = False
    operations = [AddIndexConcurrently("business", INDEX)]


def build() -> None:
    with connection.schema_editor(atomic=False) as editor:
        AddIndex("9999_add_index", "accounts").apply(MigrationLoader(connection).project_state(), editor)


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        return {INDEX.name} & set(connection.introspection.get_constraints(cursor, "businesses"))


@pytest.fixture(autouse=True)
def _no_index_stays() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX.name}")


def test_an_index_is_built_and_taken_back() -> None:
    build()
    assert indexes()
    with connection.schema_editor(atomic=False) as editor:
        AddIndex("9999_add_index", "accounts").unapply(MigrationLoader(connection).project_state(), editor)
    assert not indexes()


@needs_postgres
def test_inside_a_transaction_it_is_built_too() -> None:
    with transaction.atomic(), connection.schema_editor(atomic=False) as editor:
        AddIndex("9999_add_index", "accounts").apply(MigrationLoader(connection).project_state(), editor)
    assert indexes()


@needs_postgres
def test_an_index_that_a_kill_left_half_built_is_built_anew() -> None:
    build()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX.name}'::regclass")
        build()
        cursor.execute(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{INDEX.name}'::regclass")
        assert cursor.fetchone() == (True,)


@needs_postgres
def test_an_index_that_was_built_before_the_migration_was_noted_is_left() -> None:
    build()
    build()
    assert indexes()


@needs_postgres
def test_while_it_is_built_others_write() -> None:
    with CaptureQueriesContext(connection) as queries:
        build()
    assert any(query["sql"].startswith("CREATE INDEX CONCURRENTLY") for query in queries)
