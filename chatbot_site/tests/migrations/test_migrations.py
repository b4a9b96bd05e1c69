"""What migrations may do while processes of the last release still run."""

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from accounts.database.concurrent_indexes import AddIndexConcurrently

from chatbot_site.tests.migrations.migration_rules import BASELINE, faults, faults_of

CharField, Index = models.CharField, models.Index
INDEX = Index(fields=["name"], name="shop_by_name")


def test_ours_keep_the_processes_of_the_last_release_working() -> None:
    assert faults() == []


def added_columns() -> set[models.Field]:
    """The columns, as they are now, of tables that had been there without them."""
    operations = [
        (app, operation)
        for (app, _name), migration in MigrationLoader(None).disk_migrations.items()
        for operation in migration.operations
        if app in BASELINE and not migration.initial and isinstance(operation, migrations.AddField)
    ]
    columns = {(app, operation.model_name_lower, operation.name) for app, operation in operations}
    return {
        field
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if (model._meta.app_label, model._meta.model_name, field.name) in columns
    }


def test_old_code_inserts_rows_without_any_column_that_was_added() -> None:
    assert [str(field) for field in added_columns() if not (field.null or field.has_db_default())] == []


def released() -> ProjectState:
    """A version with shops, whose name has 20 characters."""
    state = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("name", CharField(max_length=20))]
    migrations.CreateModel("Shop", fields).state_forwards("crm", state)
    return state


def migrated(*operations: migrations.operations.base.Operation, **attributes: object) -> list[str]:
    """What is wrong with a migration of these operations."""
    body = {"operations": list(operations), **attributes}
    migration = type("Migration", (migrations.Migration,), body)("0002_change", "crm")
    return faults_of(migration, released(), released())


def add(field: models.Field) -> migrations.AddField:
    return migrations.AddField("shop", "note", field)


def alter(field: models.Field) -> migrations.AlterField:
    return migrations.AlterField("shop", "name", field)


NEW_TABLE = migrations.CreateModel("Till", [("id", models.BigAutoField(primary_key=True))])


@pytest.mark.parametrize(
    "operations",
    [
        [add(CharField(max_length=9, default="", db_default=""))],
        [add(CharField(max_length=9, null=True))],
        [add(models.ForeignKey("crm.Shop", models.CASCADE, null=True, db_index=False))],
        [add(models.ManyToManyField("crm.Shop"))],
        [alter(CharField("shop's name", max_length=20, choices=[("a", "A")], blank=True))],
        [alter(CharField(max_length=30))],
        [alter(CharField(max_length=20, db_default=""))],
        [NEW_TABLE, migrations.AddField("till", "note", CharField(max_length=9, default=""))],
        [NEW_TABLE, migrations.AddIndex("till", Index(fields=["id"], name="till_index"))],
        [NEW_TABLE, migrations.RenameModel("Till", "Register")],
        [add(CharField(max_length=9, null=True)), migrations.RemoveField("shop", "note")],
        [migrations.RunPython(migrations.RunPython.noop)],
    ],
)
def test_what_old_code_does_not_notice_is_allowed(operations: list) -> None:
    assert migrated(*operations) == []


@pytest.mark.parametrize(
    "operation",
    [
        add(CharField(max_length=9, default="")),
        add(CharField(max_length=9, null=True, db_index=True)),
        add(CharField(max_length=9, null=True, unique=True)),
        add(models.ForeignKey("crm.Shop", models.CASCADE, null=True)),
        alter(CharField(max_length=10)),
        alter(CharField(max_length=20, null=True)),
        alter(CharField(max_length=20, unique=True)),
        alter(CharField(max_length=20, db_column="title")),
        alter(models.TextField()),
        migrations.AddIndex("shop", INDEX),
        AddIndexConcurrently("shop", INDEX),
        migrations.AddConstraint("shop", models.UniqueConstraint(fields=["name"], name="shop_once")),
        migrations.AlterModelTable("Shop", "shops"),
        migrations.AlterUniqueTogether("Shop", {("id", "name")}),
        migrations.DeleteModel("Shop"),
        migrations.RemoveField("shop", "name"),
        migrations.RenameField("shop", "name", "title"),
        migrations.RenameModel("Shop", "Store"),
        migrations.RunSQL("DROP TABLE shops"),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("shop", "name")]),
    ],
)
def test_what_old_code_cannot_live_with_is_refused(operation: migrations.operations.base.Operation) -> None:
    assert len(migrated(operation)) == 1


def test_an_index_built_concurrently_stands_alone_outside_of_a_transaction() -> None:
    assert migrated(AddIndexConcurrently("shop", INDEX), atomic=False) == []
    assert migrated(AddIndexConcurrently("shop", INDEX), add(CharField(null=True, max_length=1)), atomic=False)


def test_indexes_are_built_concurrently_in_one_migration() -> None:
    another = AddIndexConcurrently("shop", Index(fields=["name", "id"], name="shop_by_name_and_id"))
    assert migrated(AddIndexConcurrently("shop", INDEX), another, atomic=False) == []


def test_a_reason_exempts_what_it_names_and_nothing_else() -> None:
    remove = migrations.RemoveField("shop", "name")
    reasons = {"RemoveField crm.shop.name": "Nobody has used it since the last release."}
    assert migrated(remove, lived_with=reasons) == []
    assert len(migrated(remove, migrations.AddIndex("shop", INDEX), lived_with=reasons)) == 1
    assert len(migrated(remove, lived_with={"RemoveField crm.shop.name": ""})) == 1


def test_a_reason_for_nothing_is_refused() -> None:
    assert len(migrated(lived_with={"RemoveField crm.shop.name": "Nobody uses it."})) == 1
