"""The database keeps the words of messages: as new ones come, and those that were there before."""

import pytest
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

from crm.models import Message
from crm.search.index import newest_with
from crm.search.keeping import TRIGGERS, KeepMessageWords
from crm.search.words import Query
from crm.testing import make_message


class Keep(migrations.Migration):
    atomic = False
    operations = [KeepMessageWords()]


def migrate(*, back: bool = False) -> None:
    migration = Keep("9999_keep", "crm")
    with connection.schema_editor(atomic=False) as editor:
        (migration.unapply if back else migration.apply)(MigrationLoader(None).project_state(), editor)


@pytest.mark.sqlite
@pytest.mark.django_db
def test_no_migration_has_dropped_the_triggers() -> None:
    """Whoever rebuilds the table of messages adds the operation again, at the end of that migration or after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'messages'")
        assert {name for (name,) in cursor.fetchall()} >= set(TRIGGERS)


@pytest.mark.django_db(transaction=True)
def test_messages_that_were_there_before_are_found() -> None:
    migrate(back=True)
    message = make_message(text="Где мой заказ?")
    make_message(text="")
    migrate()
    migrate()

    assert newest_with(Query.of("заказы"), message.business_id, 10) == [message.pk]
    Message.objects.all().delete()
    assert newest_with(Query.of("заказы"), message.business_id, 10) == []


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_triggers_that_were_dropped_come_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {TRIGGERS[0]}")
    migrate()
    message = make_message(text="Где мой заказ?")

    assert newest_with(Query.of("заказ"), message.business_id, 10) == [message.pk]
