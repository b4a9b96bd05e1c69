"""Many rows are written in one statement, each with its own values, and no others."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.database.bulk_update import update_rows
from accounts.models import Business, Deletion
from accounts.testing import make_business
from crm.models import Tag

pytestmark = pytest.mark.django_db

OF_ID = "t.id = v.id"


@pytest.fixture
def shop() -> Business:
    return make_business()


def deletions(count: int) -> list[Deletion]:
    return [Deletion.objects.create(what="crm.tag", object_id=serial, name="before") for serial in range(count)]


def test_each_row_gets_its_own_value_and_no_other_row_changes() -> None:
    first, second, other = deletions(3)
    rows = [(first.pk, "one"), (second.pk, "two")]
    update_rows(Deletion, ("id", "name"), rows, {"name": "v.name"}, where=OF_ID)
    assert dict(Deletion.objects.values_list("pk", "name")) == {first.pk: "one", second.pk: "two", other.pk: "before"}


def test_a_value_may_be_worked_out_from_the_old_one() -> None:
    [row] = deletions(1)
    Deletion.objects.update(done=5)
    update_rows(Deletion, ("id", "done"), [(row.pk, 3)], {"done": "t.done + v.done"}, where=OF_ID)
    assert Deletion.objects.get().done == 8


def test_constants_are_for_all_rows_that_are_named() -> None:
    first, second, other = deletions(3)
    update_rows(
        Deletion, ("id",), [(first.pk,), (second.pk,)], {}, where=OF_ID, constants={"state": "done", "due_at": None}
    )
    assert set(Deletion.objects.filter(state="done", due_at=None)) == {first, second}
    assert set(Deletion.objects.open()) == {other}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "O'Hara; DROP TABLE deletions; --"),
        ("name", "100 % чай 🍵"),
        ("counts", {"tags": [1, None, "x"]}),
        ("finished_at", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("finished_at", None),
        ("orphans", None),
        ("total", 2**40),
    ],
)
def test_values_of_every_kind_arrive_as_they_were(field: str, value: Any) -> None:
    [row] = deletions(1)
    update_rows(Deletion, ("id", field), [(row.pk, value)], {field: f"v.{field}"}, where=OF_ID)
    assert getattr(Deletion.objects.get(), field) == value


def test_a_value_that_is_missing_in_the_first_row_has_its_type_in_the_others() -> None:
    """PostgreSQL takes the types of all rows from the first."""
    first, second = deletions(2)
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    rows = [(first.pk, None), (second.pk, moment)]
    update_rows(Deletion, ("id", "finished_at"), rows, {"finished_at": "v.finished_at"}, where=OF_ID)
    assert list(Deletion.objects.order_by("pk").values_list("finished_at", flat=True)) == [None, moment]


def test_a_condition_keeps_rows_as_they_are() -> None:
    first, second = deletions(2)
    Deletion.objects.filter(pk=first.pk).update(state="done")
    rows = [(first.pk, "late"), (second.pk, "late")]
    update_rows(Deletion, ("id", "name"), rows, {"name": "v.name"}, where=f"{OF_ID} AND t.state <> 'done'")
    assert dict(Deletion.objects.values_list("pk", "name")) == {first.pk: "before", second.pk: "late"}


def test_many_rows_are_one_statement(django_assert_num_queries: Any) -> None:
    rows = [(row.pk, f"row {row.pk}") for row in deletions(50)]
    with django_assert_num_queries(1):
        update_rows(Deletion, ("id", "name"), rows, {"name": "v.name"}, where=OF_ID)
    assert all(row.name == f"row {row.pk}" for row in Deletion.objects.all())


def test_no_rows_are_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        update_rows(Deletion, ("id", "name"), [], {"name": "v.name"}, where=OF_ID)


def test_a_row_with_a_value_too_few_is_refused() -> None:
    [row] = deletions(1)
    with pytest.raises(ValueError):
        update_rows(Deletion, ("id", "name"), [(row.pk,)], {"name": "v.name"}, where=OF_ID)
    assert Deletion.objects.get().name == "before"


def test_what_a_constraint_refuses_changes_no_row(shop: Business) -> None:
    tags = [Tag.objects.create(business=shop, name=name) for name in "ab"]
    with pytest.raises(IntegrityError), transaction.atomic():
        rows = [(tag.pk, "same") for tag in tags]
        update_rows(Tag, ("id", "name"), rows, {"name": "v.name"}, where=OF_ID)
    assert {tag.name for tag in Tag.objects.all()} == {"a", "b"}
