"""An index of a table in use is built while others write to it."""

from collections.abc import Iterator

import pytest
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from accounts.database.concurrent_indexes import (
    AddIndexConcurrently,
    AddUniqueIndexConcurrently,
    DropIndexOfField,
    DropUniqueOfField,
)

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


# Indexes of columns, of a table that is not ours: what comes and goes is told from a state.

UNIQUE = models.UniqueConstraint(fields=["code"], condition=models.Q(code__isnull=False), name="parcel_code_once")


class Parcel(migrations.Migration):
    operations = [
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Parcel",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("code", models.CharField(max_length=9, null=True, unique=True)),
                ("shelf", models.ForeignKey("accounts.Shelf", models.CASCADE, related_name="+")),
            ],
            {"db_table": "parcels"},
        ),
    ]


class FewerIndexes(migrations.Migration):
    atomic = False
    operations = [
        AddUniqueIndexConcurrently("parcel", UNIQUE),
        DropUniqueOfField("parcel", "code", models.CharField(max_length=9, null=True)),
        DropIndexOfField(
            "parcel", "shelf", models.ForeignKey("accounts.Shelf", models.CASCADE, db_index=False, related_name="+")
        ),
    ]


@pytest.fixture
def parcels() -> Iterator[ProjectState]:
    """The state with the table; it is there, and gone at the end."""
    before = MigrationLoader(connection).project_state()
    made = Parcel("9998_parcels", "accounts")
    with connection.schema_editor(atomic=True) as editor:
        state = made.apply(before.clone(), editor)
    yield state
    with connection.schema_editor(atomic=True) as editor:
        editor.delete_model(state.apps.get_model("accounts", "Parcel"))
        editor.delete_model(state.apps.get_model("accounts", "Shelf"))


def migrate(state: ProjectState) -> ProjectState:
    with connection.schema_editor(atomic=False) as editor:
        return FewerIndexes("9999_fewer_indexes", "accounts").apply(state.clone(), editor)


def columns_of_indexes() -> list[tuple[bool, list[str]]]:
    """(is it unique, its columns) of the table's indexes but for the primary key."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "parcels").values()
    return sorted((each["unique"], each["columns"]) for each in found if each["index"] or each["unique"])


def test_indexes_of_columns_go_and_a_partial_one_comes(parcels: ProjectState) -> None:
    assert (False, ["shelf_id"]) in columns_of_indexes()
    migrate(parcels)
    left = [index for index in columns_of_indexes() if index[1] != ["id"]]
    assert left == [(True, ["code"])]


def test_after_a_kill_all_is_done_again(parcels: ProjectState) -> None:
    migrate(parcels)
    migrate(parcels)
    assert (True, ["code"]) in columns_of_indexes()


def test_indexes_of_columns_come_back(parcels: ProjectState) -> None:
    before = columns_of_indexes()
    migrate(parcels)
    with connection.schema_editor(atomic=False) as editor:
        FewerIndexes("9999_fewer_indexes", "accounts").unapply(parcels.clone(), editor)
    assert columns_of_indexes() == before


@needs_postgres
def test_a_foreign_key_is_not_checked_anew_when_its_index_goes(parcels: ProjectState) -> None:
    with CaptureQueriesContext(connection) as queries:
        migrate(parcels)
    sql = [query["sql"] for query in queries]
    assert any(statement.startswith("DROP INDEX CONCURRENTLY") for statement in sql)
    assert any(statement.startswith("CREATE UNIQUE INDEX CONCURRENTLY") for statement in sql)
    assert not any("FOREIGN KEY" in statement for statement in sql)


@needs_postgres
def test_a_unique_index_that_a_kill_left_half_built_is_built_anew_while_others_read(parcels: ProjectState) -> None:
    migrate(parcels)
    valid = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{UNIQUE.name}'::regclass"
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{UNIQUE.name}'::regclass")
        migrate(parcels)
        cursor.execute(valid)
        assert cursor.fetchone() == (True,)
    drops = [query["sql"] for query in queries if query["sql"].startswith("DROP") and UNIQUE.name in query["sql"]]
    assert drops == [f'DROP INDEX CONCURRENTLY IF EXISTS "{UNIQUE.name}"']


@needs_postgres
def test_indexes_of_columns_come_back_while_others_write(parcels: ProjectState) -> None:
    migrate(parcels)
    with CaptureQueriesContext(connection) as queries, connection.schema_editor(atomic=False) as editor:
        FewerIndexes("9999_fewer_indexes", "accounts").unapply(parcels.clone(), editor)
    built = [query["sql"] for query in queries if query["sql"].startswith("CREATE INDEX") and "shelf" in query["sql"]]
    assert [sql.startswith("CREATE INDEX CONCURRENTLY") for sql in built] == [True]
