"""Who is present."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.people import presence
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db


def ago(**length):
    return timezone.now() - timedelta(**length)


@pytest.fixture
def owner():
    return make_owner()


def seen(person, at, signed_in_at=None):
    User.objects.filter(pk=person.pk).update(last_seen_at=at, last_login=signed_in_at)
    person.refresh_from_db()
    return person


def present(owner):
    return set(presence.present(owner.business, timezone.now()))


def test_whoever_asked_for_a_page_lately_is_present(owner):
    colleague, gone = make_colleague(owner), make_colleague(owner)
    make_colleague(owner)
    seen(colleague, ago(seconds=110))
    seen(gone, ago(seconds=130))

    assert present(owner) == {colleague}


def test_whoever_signed_in_a_moment_ago_is_present(owner):
    seen(owner, None, ago(seconds=5))

    assert present(owner) == {owner}


def test_colleagues_of_others_are_not_present_here(owner):
    seen(make_owner(), timezone.now())

    assert present(owner) == set()


def test_a_page_notes_who_asked_for_it(client, owner):
    client.force_login(owner)
    seen(owner, ago(minutes=5), ago(minutes=5))

    client.get(reverse("admin:index"))

    assert present(owner) == {owner}


def test_it_is_noted_once_a_minute(owner, django_assert_num_queries):
    seen(owner, ago(seconds=50))

    with django_assert_num_queries(0):
        presence.note(owner)


def test_administrators_are_nowhere_present(client):
    administrator = make_administrator()
    client.force_login(administrator)
    seen(administrator, None)

    client.get(reverse("admin:index"))

    administrator.refresh_from_db()
    assert administrator.last_seen_at is None


def test_a_page_is_shown_where_nothing_can_be_noted(client, owner, monkeypatch):
    def fail(person):
        raise DatabaseError("database is locked")

    monkeypatch.setattr(presence, "note", fail)
    client.force_login(owner)

    assert client.get(reverse("admin:index")).status_code == 200
