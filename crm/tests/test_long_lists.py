"""The admin's list of messages, of which there may be millions."""

import base64
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import admin_pagination
from accounts.testing import make_owner
from crm.admin.message import MessageAdmin
from crm.models import Message
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

LIST = reverse("admin:crm_message_changelist")


@pytest.fixture
def page(client, monkeypatch):
    """Of a business with ten messages, two on a page, counted in steps of four."""
    monkeypatch.setattr(MessageAdmin, "list_per_page", 2)
    monkeypatch.setattr(admin_pagination, "STEP", 4)
    owner = make_owner(language="en")
    conversation = make_conversation(make_number(owner.business))
    for serial in range(10):
        make_message(conversation, f"Words {serial}.")
    client.force_login(owner)
    return client


def test_a_long_list_is_counted_only_some_way(page):
    with CaptureQueriesContext(connection) as queries:
        html = page.get(LIST).text
    assert "Total: more than 4" in html
    counting = [query["sql"] for query in queries if "COUNT" in query["sql"] and "messages" in query["sql"]]
    assert len(counting) == 1 and "LIMIT 5" in counting[0]


def linked(html, rel):
    """The address that a link of a page leads to, None if there is no such link."""
    found = re.search(rf'<a href="([^"]*)" rel="{rel}"', html)
    return LIST + unescape(found[1]) if found else None


def words_on(html):
    return [int(serial) for serial in re.findall(r"Words (\d+)\.", html)]


def walk(page, address, rel):
    """The words on each page, from one on as long as a link leads on."""
    pages = []
    while address:
        html = page.get(address).text
        pages.append(words_on(html))
        address = linked(html, rel)
    return pages


def test_after_the_numbered_pages_one_goes_on_page_by_page(page):
    assert "?p=2" in page.get(LIST).text and "?p=3" not in page.get(LIST).text
    assert walk(page, LIST, "next") == [[9, 8], [7, 6], [5, 4], [3, 2], [1, 0]]


def test_from_the_last_page_one_goes_back_to_the_first(page):
    last = linked(page.get(LIST).text, "last")
    assert walk(page, last, "prev") == [[1, 0], [3, 2], [5, 4], [7, 6], [9, 8]]
    assert linked(page.get(last).text, "next") is None
    assert linked(page.get(last).text, "first") == f"{LIST}?p=1"


def test_what_came_at_one_moment_is_on_one_page_each(page):
    Message.objects.update(created_at=timezone.now())
    assert walk(page, LIST, "next") == [[9, 8], [7, 6], [5, 4], [3, 2], [1, 0]]


def test_ordered_by_another_column_one_goes_on_too(page):
    Message.objects.filter(text__in=["Words 2.", "Words 7."]).update(error_title="Oh")
    by_error = f"{LIST}?o=-5"
    assert walk(page, by_error, "next") == [[7, 2], [9, 8], [6, 5], [4, 3], [1, 0]]
    assert walk(page, linked(page.get(by_error).text, "last"), "prev")[::-1] == walk(page, by_error, "next")


def test_ordered_by_a_relation_all_pages_have_numbers(page):
    by_number = f"{LIST}?o=6"
    assert "p=3" not in page.get(by_number).text and "p=4" in page.get(f"{by_number}&p=2").text
    assert words_on(page.get(f"{by_number}&p=5").text) == [1, 0]


def test_a_filter_stays_while_one_goes_on_and_begins_at_the_first_page(page):
    Message.objects.filter(text="Words 8.").update(direction="out", origin="bot", status="read")
    address = f"{LIST}?direction__exact=in"
    assert walk(page, address, "next") == [[9, 7], [6, 5], [4, 3], [2, 1], [0]]
    deep = page.get(linked(page.get(f"{address}&p=2").text, "next")).text
    assert "?direction__exact=out&" not in deep and "?direction__exact=out" in deep


def test_no_row_is_read_to_be_skipped_after_the_numbered_pages(page):
    deep = linked(page.get(LIST, {"p": 2}).text, "next")
    with CaptureQueriesContext(connection) as queries:
        page.get(deep)
    assert not [query["sql"] for query in queries if "OFFSET" in query["sql"]]


def test_an_address_of_a_page_beyond_the_numbered_ones_shows_the_last_of_these(page):
    html = page.get(LIST, {"p": 5}).text
    assert words_on(html) == [7, 6] and '<span class="this-page">2</span>' in html


def test_a_place_behind_which_no_row_is_left_is_answered_with_the_first_page(page):
    last = linked(page.get(linked(page.get(LIST, {"p": 2}).text, "next")).text, "next")
    Message.objects.filter(text__in=["Words 3.", "Words 2.", "Words 1.", "Words 0."]).delete()
    assert words_on(page.get(last).text) == [9, 8]


def test_a_short_list_is_counted_to_its_end(page, monkeypatch):
    monkeypatch.setattr(admin_pagination, "STEP", 10)
    assert "Total: 10" in page.get(LIST).text


PLACES_THAT_ARE_NONE = ["after-", "after-W10", "after-eA", "after-WzEsMl0", "before-x", "after-~", "before-é"]


@pytest.mark.parametrize("asked", ["0", "-1", "7", "x", "9" * 30, "9" * 5000, *PLACES_THAT_ARE_NONE])
def test_a_page_that_is_none_is_answered_with_the_list(page, asked):
    response = page.get(LIST, {"p": asked}, follow=True)
    assert response.status_code == 200
    assert "Total" in response.text


@pytest.mark.parametrize("asked", ["7", "10000", "0", "-1", "abc", "after-garbage"])
def test_a_page_that_is_not_there_keeps_the_filter(page, asked):
    Message.objects.filter(text__in=["Words 8.", "Words 5.", "Words 1."]).update(
        direction="out", origin="bot", status="read"
    )
    html = page.get(f"{LIST}?direction__exact=out&p={asked}").text
    assert words_on(html) == ([1] if asked in ("7", "10000") else [8, 5])


def test_a_place_of_any_depth_is_no_error(page):
    place = base64.urlsafe_b64encode(b"[" * 20_000).decode()
    assert words_on(page.get(f"{LIST}?p=after-{place}").text) == [9, 8]


@pytest.mark.parametrize(("model", "column"), [("customer", "__str__"), ("conversation", "customer")])
def test_a_header_that_would_not_order_by_what_it_shows_is_no_link(page, model, column):
    html = page.get(reverse(f"admin:crm_{model}_changelist")).text
    [header] = re.findall(rf'<th scope="col" class="[^"]*column-{column}[^"]*">', html)
    assert "sortable" not in header
