"""An index for parts of texts is built where the database can have it; elsewhere the migration passes without."""

import pytest
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

from accounts.database.trigram_indexes import AddTrigramIndex

pytestmark = pytest.mark.django_db

NAME = "business_by_any_part"


class AddIndex(migrations.Migration):
    atomic = False
    operations = [AddTrigramIndex("business", "name", NAME)]


def migrate(*, back: bool = False) -> None:
    migration = AddIndex("9999_add_index", "accounts")
    with connection.schema_editor(atomic=False) as editor:
        (migration.unapply if back else migration.apply)(MigrationLoader(None).project_state(), editor)


def is_there() -> bool:
    with connection.cursor() as cursor:
        return NAME in connection.introspection.get_constraints(cursor, "businesses")


@pytest.mark.postgresql
def test_the_index_is_built_and_taken_back() -> None:
    migrate()
    assert is_there()
    migrate(back=True)
    assert not is_there()


@pytest.mark.postgresql
def test_a_role_that_may_not_create_extensions_goes_on_without_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
        cursor.execute("CREATE ROLE without_extensions")
        cursor.execute("SET LOCAL ROLE without_extensions")
        migrate()
        migrate(back=True)
        cursor.execute("RESET ROLE")
    assert not is_there()


@pytest.mark.postgresql
def test_an_extension_in_a_schema_where_nobody_looks_is_gone_on_without() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
        cursor.execute("CREATE SCHEMA elsewhere")
        cursor.execute("CREATE EXTENSION pg_trgm SCHEMA elsewhere")
        migrate()
    assert not is_there()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_sqlite_goes_on_without_it() -> None:
    migrate()
    assert not is_there()
    migrate(back=True)
