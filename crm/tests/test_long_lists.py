"""The admin's list of messages, of which there may be millions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tenancy import admin_pagination
from accounts.testing import make_owner
from crm.admin.message import MessageAdmin
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
    counting = [query["sql"] for query in queries if "COUNT" in query["sql"]]
    assert len(counting) == 1 and "LIMIT 5" in counting[0]


def test_later_pages_are_offered_as_one_goes_on(page):
    assert "?p=4" not in page.get(LIST).text
    assert "?p=4" in page.get(LIST, {"p": 2}).text


def test_the_last_page_is_reached_and_the_whole_counted_there(page):
    html = page.get(LIST, {"p": 5}).text
    assert "Words 0." in html and "Words 1." in html
    assert "Total: 10" in html


def test_a_short_list_is_counted_to_its_end(page, monkeypatch):
    monkeypatch.setattr(admin_pagination, "STEP", 10)
    assert "Total: 10" in page.get(LIST).text


@pytest.mark.parametrize("asked", ["0", "-1", "7", "x", "9" * 30, "9" * 5000])
def test_a_page_that_is_none_is_answered_with_the_list(page, asked):
    response = page.get(LIST, {"p": asked}, follow=True)
    assert response.status_code == 200
    assert "Total" in response.text
