"""Pages of lists: how large, which, and the same rows in each."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.api.pagination import NewestFirst, PagePagination
from accounts.models import Deletion, User
from accounts.people.tokens import sign_in
from accounts.testing import make_colleague, make_owner

pytestmark = pytest.mark.django_db

TEAM = "/api/v1/team/"


@pytest.fixture
def team():
    """A client of an owner with four colleagues."""
    owner = make_owner()
    for _ in range(4):
        make_colleague(owner)
    return Client(headers={"Authorization": f"Token {sign_in(owner)}"})


def asked(**query):
    return Request(APIRequestFactory().get("/", query))


def cursor(text):
    return b64encode(text.encode()).decode()


def pages_of(paginator_class, queryset, **query):
    """The ids on each page, following `next`."""
    pages, request = [], asked(**query)
    while True:
        paginator = paginator_class()
        pages.append([row.pk for row in paginator.paginate_queryset(queryset, request)])
        link = paginator.get_next_link()
        if link is None:
            return pages
        request = Request(APIRequestFactory().get(link))


def test_a_page_holds_the_count_of_all(team):
    body = team.get(TEAM, {"page_size": 2}).json()
    assert (body["count"], len(body["results"])) == (5, 2)


def test_the_pages_hold_every_row_once(team):
    ids, url = [], f"{TEAM}?page_size=2"
    while url:
        body = team.get(url).json()
        ids += [row["id"] for row in body["results"]]
        url = body["next"]
    assert len(ids) == len(set(ids)) == 5


def test_of_the_rows_before_a_page_only_the_ids_are_read(team, django_assert_num_queries):
    with django_assert_num_queries(2) as queries:
        people = User.objects.order_by("email")
        page = PagePagination().paginate_queryset(people, asked(page_size=2, page=2))
    assert page == list(people[2:4])
    assert "IN (SELECT" in queries.captured_queries[1]["sql"]


@pytest.mark.parametrize("paginator_class", [PagePagination, NewestFirst])
@pytest.mark.parametrize(
    ("size", "rows"),
    [("7", 7), ("500", 500), ("501", 500), ("9" * 30, 500), ("0", 50), ("-3", 50), ("x", 50), ("", 50)],
)
def test_a_page_is_as_large_as_asked_within_limits(paginator_class, size, rows):
    assert paginator_class().get_page_size(asked(page_size=size)) == rows


@pytest.mark.parametrize("page", ["0", "-1", "4", "9" * 30, "x", "1.5"])
def test_a_page_that_there_is_not_is_404(team, page):
    response = team.get(TEAM, {"page_size": 2, "page": page})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def make_deletions(count, **fields):
    return [Deletion.objects.create(what="crm.customer", object_id=pk, name=str(pk), **fields) for pk in range(count)]


def test_long_lists_begin_with_the_newest():
    made = [row.pk for row in make_deletions(5)]
    assert pages_of(NewestFirst, Deletion.objects.all(), page_size=2) == [
        [made[4], made[3]],
        [made[2], made[1]],
        [made[0]],
    ]


def test_rows_of_the_same_moment_are_each_shown_once():
    made = {row.pk for row in make_deletions(7)}
    Deletion.objects.update(created_at=timezone.now())
    shown = sum(pages_of(NewestFirst, Deletion.objects.all(), page_size=2), [])
    assert len(shown) == 7 and set(shown) == made


def test_a_row_that_is_added_meanwhile_moves_nothing_to_the_next_page():
    make_deletions(4)
    paginator = NewestFirst()
    first = [row.pk for row in paginator.paginate_queryset(Deletion.objects.all(), asked(page_size=2))]
    newer = Deletion.objects.create(what="crm.tag", object_id=1, name="new")
    Deletion.objects.filter(pk=newer.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    request = Request(APIRequestFactory().get(paginator.get_next_link()))
    second = [row.pk for row in NewestFirst().paginate_queryset(Deletion.objects.all(), request)]
    assert not set(first) & set(second) and newer.pk not in second and len(second) == 2


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("nonsense", id="no base64"),
        pytest.param(cursor("p=nonsense"), id="no time"),
        pytest.param(cursor("p=2026-02-30T00:00:00Z"), id="no such day"),
        pytest.param(cursor("o=x"), id="no offset"),
        pytest.param(cursor("o=-1"), id="negative offset"),
    ],
)
def test_a_cursor_that_is_none_is_404(cursor):
    client = Client(headers={"Authorization": f"Token {sign_in(make_owner())}"})
    response = client.get("/api/v1/conversations/", {"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("position", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_at_the_end_of_all_times_is_no_crash(position):
    """SQLite cannot hold such a time in UTC; PostgreSQL can."""
    client = Client(headers={"Authorization": f"Token {sign_in(make_owner())}"})
    response = client.get("/api/v1/conversations/", {"cursor": cursor(f"p={position}")})
    assert response.status_code in (200, 404)


@pytest.mark.parametrize("position", ["x", "9" * 5000, "1.5"])
def test_a_cursor_whose_position_is_no_id_is_404(position):
    class ById(NewestFirst):
        ordering = "-id"

    make_deletions(3)
    request = asked(cursor=cursor(f"p={position}"))
    with pytest.raises(NotFound):
        ById().paginate_queryset(Deletion.objects.all(), request)
