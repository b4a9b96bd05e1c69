"""Many rows are inserted from tuples, and each is as its model would have made it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.database.bulk_insert import insert_missing, insert_rows
from accounts.models import Business, Deletion
from accounts.testing import make_business
from crm.models import Customer, Tag
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

GIVEN = ("what", "object_id", "name", "counts", "finished_at", "orphans", "total")
MOMENT = datetime(2026, 1, 31, 12, 30, 1, 5, UTC)
ROWS = [
    ("crm.tag", 1, "O'Hara; DROP TABLE deletions; --", {}, None, None, 0),
    (
        "crm.tag",
        2,
        "100 % чай 🍵",
        {"tags": [1, None, "x", {"a": 1.5}]},
        datetime(2026, 1, 31, 12, 30, 1, 5, UTC),
        3,
        1,
    ),
    ("crm.tag", 3, '\\"\t', {"a": '\\n "x"'}, None, None, 2**40),
]


def stored() -> list[tuple[Any, ...]]:
    """What stands in the table, as the driver reads it, but for ids and the moments that are now."""
    left_out = ("id", "created_at", "due_at")
    columns = [field.column for field in Deletion._meta.concrete_fields if field.name not in left_out]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {Deletion._meta.db_table} ORDER BY id")
        return list(cursor.fetchall())


def test_rows_are_as_the_model_would_have_made_them() -> None:
    for row in ROWS:
        Deletion.objects.create(**dict(zip(GIVEN, row, strict=True)), state="done")
    made = stored()
    Deletion.objects.all().delete()

    insert_rows(Deletion, GIVEN, ROWS, {"state": "done"})

    assert stored() == made


def test_a_moment_that_comes_by_itself_is_now() -> None:
    insert_rows(Tag, ("name",), [("vip",)], {"business": make_business()})
    insert_rows(Deletion, GIVEN, ROWS)

    assert all(abs((datetime.now(UTC) - row.created_at).total_seconds()) < 60 for row in Deletion.objects.all())


def test_many_rows_are_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        insert_rows(Deletion, ("what", "object_id"), [("crm.tag", serial) for serial in range(6000)])
    assert Deletion.objects.count() == 6000


def test_no_rows_are_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        insert_rows(Deletion, GIVEN, [])


def test_a_row_with_a_value_too_few_is_refused() -> None:
    with pytest.raises(ValueError):
        insert_rows(Deletion, ("what", "object_id"), [("crm.tag", 1), ("crm.tag",)])
    assert not Deletion.objects.exists()


@pytest.mark.postgresql
def test_a_text_that_is_too_long_is_refused_and_not_cut_off() -> None:
    with pytest.raises(DataError), transaction.atomic():
        insert_rows(Deletion, ("what", "object_id"), [("x" * 500, 1)])


# Pairs of keys


@pytest.fixture
def shop() -> Business:
    return make_business()


@pytest.fixture
def customers(shop: Business) -> list[Customer]:
    return [make_customer(shop) for _ in range(3)]


def give(tag: Tag, customers: list[Customer]) -> None:
    insert_rows(Customer.tags.through, ("customer", "tag"), [(customer.pk, tag.pk) for customer in customers])


def test_rows_that_exist_are_left(shop: Business, customers: list[Customer]) -> None:
    tag = Tag.objects.create(business=shop, name="vip")
    customers[0].tags.add(tag)
    before = Customer.tags.through.objects.get().pk
    give(tag, customers[:2])
    assert {customer.pk for customer in customers if customer.tags.exists()} == {customers[0].pk, customers[1].pk}
    assert Customer.tags.through.objects.filter(pk=before).exists()
    assert Customer.tags.through.objects.count() == 2


def test_a_pair_that_names_nothing_is_refused() -> None:
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        insert_rows(Customer.tags.through, ("customer", "tag"), [(987654, 987654)])
        connection.check_constraints()


# New rows


def new_tags(shop: Business, names: str) -> list[Tag]:
    return [Tag(business=shop, name=name, folded_name=name) for name in names]


def test_new_rows_are_inserted_in_their_order_and_those_that_exist_are_left(shop: Business) -> None:
    Tag.objects.create(business=shop, name="b")
    inserted = insert_missing(new_tags(shop, "cba"), once="name")
    assert [tag.name for tag in inserted] == ["c", "a"]
    assert list(Tag.objects.order_by("pk").values_list("name", flat=True)) == ["b", "c", "a"]


@pytest.mark.parametrize("count", [1, 3])
def test_new_rows_are_as_django_would_save_them(shop: Business, count: int) -> None:
    def customers_of(business: Business) -> list[Customer]:
        return [
            Customer(business=business, phone=f"+7916000000{serial}", attributes={"serial": serial}, name="O'Hara %s")
            for serial in range(count)
        ]

    other = make_business()
    insert_missing(customers_of(shop), once="phone")
    for customer in customers_of(other):
        super(Customer, customer).save()
    columns = {field.attname for field in Customer._meta.concrete_fields} - {"id", "business_id", "created_at"}
    saved, inserted = (
        list(Customer.objects.filter(business=of).order_by("pk").values(*columns)) for of in (other, shop)
    )
    assert [{**row, "search_text": ""} for row in saved] == inserted
    assert all(row.created_at for row in Customer.objects.filter(business=shop))


def test_no_new_rows_are_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert insert_missing([], once="name") == []
