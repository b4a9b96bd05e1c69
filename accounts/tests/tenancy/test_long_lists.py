"""A list of millions of rows is counted no further than its page needs."""

from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Deletion, User
from accounts.tenancy import admin_pagination
from accounts.tenancy.admin_pagination import LongListPaginator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _steps_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_pagination, "STEP", 10)


def rows(count: int, user: User | None = None) -> None:
    business = user.business if user else None
    Deletion.objects.bulk_create(
        Deletion(business=business, what="crm.tag", object_id=serial, state="done") for serial in range(count)
    )


def pages(asked_page: int = 1) -> LongListPaginator:
    return LongListPaginator(Deletion.objects.order_by("pk"), 5, asked_page=asked_page)


@pytest.mark.parametrize(("count", "more"), [(0, False), (7, False), (10, False)])
def test_a_short_list_is_counted_to_its_end(count: int, more: bool) -> None:
    rows(count)
    assert (pages().count, pages().has_uncounted_rows) == (count, more)


@pytest.mark.parametrize(("asked_page", "counted"), [(1, 10), (2, 20), (3, 20), (4, 25)])
def test_a_long_list_is_counted_a_step_beyond_the_page(asked_page: int, counted: int) -> None:
    rows(25)
    assert pages(asked_page).count == counted


def test_of_a_long_list_it_is_known_that_there_are_more() -> None:
    rows(11)
    assert pages().has_uncounted_rows and not pages(2).has_uncounted_rows


def test_the_page_that_is_asked_for_can_be_opened() -> None:
    rows(25)
    assert [row.object_id for row in pages(4).page(4)] == [15, 16, 17, 18, 19]


def test_past_the_end_the_last_page_is_opened() -> None:
    rows(25)
    assert [row.object_id for row in pages(6).page(6)] == [20, 21, 22, 23, 24]


@pytest.mark.parametrize("asked_page", [-5, 0, 10**30])
def test_a_page_that_cannot_be_is_no_error_of_the_count(asked_page: int) -> None:
    rows(3)
    assert pages(asked_page).count == 3


@pytest.mark.parametrize("page", ["2", "abc", "-1", "9" * 30])
def test_the_list_opens_whatever_page_its_address_asks_for(client: Client, owner: User, page: str) -> None:
    rows(12, owner)
    client.force_login(owner)
    with patch("accounts.admin.deletion.DeletionAdmin.list_per_page", 5):
        answer = client.get(reverse("admin:accounts_deletion_changelist"), {"p": page}, follow=True)
    assert answer.status_code == 200
