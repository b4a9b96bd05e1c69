"""The issues of a number, from its fields alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.issues import issues_of

NOW = timezone.now()


def number(**fields):
    defaults = {"status": "connected", "checked_at": NOW, "created_at": NOW, "meta_status": "CONNECTED"}
    return WhatsAppNumber(name="Shop", **(defaults | fields))


def codes(**fields):
    return [issue.code for issue in issues_of(number(**fields), NOW)]


def test_a_number_in_order_needs_nobody():
    assert codes(quality_rating="GREEN", name_status="APPROVED", subscribed_apps=["Ours"]) == []


def test_a_number_that_was_just_entered_needs_nobody():
    assert codes(status="not_checked", checked_at=None, meta_status="") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "problem", "problem": "Refused.", "refused_token": "digest"}, "token_refused"),
        ({"status": "problem", "problem": "Pay.", "paused_until": NOW + timedelta(hours=1)}, "paused"),
        ({"status": "problem", "problem": "At Meta this ID belongs to another phone."}, "problem"),
        ({"status": "problem", "problem": "Not registered.", "meta_status": "PENDING"}, "status_pending"),
        ({"status": "problem", "problem": "Banned.", "meta_status": "BANNED"}, "status_banned"),
        ({"meta_status": "FLAGGED"}, "status_flagged"),
        ({"meta_status": "RESTRICTED"}, "status_restricted"),
        ({"name_status": "DECLINED"}, "name_declined"),
        ({"quality_rating": "RED"}, "quality_red"),
        ({"quality_rating": "YELLOW"}, "quality_yellow"),
        ({"subscribed_apps": []}, "not_subscribed"),
        ({"token_expires_at": NOW + timedelta(days=6)}, "token_expires"),
        ({"token_expires_at": NOW - timedelta(days=6)}, "token_expired"),
        ({"checked_at": NOW - timedelta(hours=25)}, "not_checked"),
        ({"checked_at": None, "created_at": NOW - timedelta(hours=25)}, "not_checked"),
    ],
)
def test_each_thing_is_one_line(fields, code):
    assert codes(**fields) == [code]


def test_a_token_that_lives_longer_than_a_week_needs_nobody():
    assert codes(token_expires_at=NOW + timedelta(days=8)) == []


def test_a_refused_token_is_not_said_to_expire_as_well():
    refused = {"status": "problem", "problem": "Refused.", "refused_token": "digest"}
    assert codes(**refused, token_expires_at=NOW - timedelta(days=1)) == ["token_refused"]


def test_the_most_urgent_comes_first():
    assert codes(status="problem", problem="No.", refused_token="d", quality_rating="RED", subscribed_apps=[]) == [
        "token_refused",
        "not_subscribed",
        "quality_red",
    ]


def test_a_token_that_cannot_be_read_is_not_taken_for_a_lost_connection():
    unread = {"status": "problem", "problem": "Enter it again.", "refused_token": "unreadable"}

    assert codes(checked_at=NOW - timedelta(days=2), **unread) == ["token_refused"]
