"""A number that cannot receive says so, with what to do, until it can."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health, numbers
from whatsapp.numbers.issues import issues_of
from whatsapp.testing import inbound_text, make_number, payload_of, post_webhook
from whatsapp.webhooks import arrivals

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture(autouse=True)
def nothing_uncounted(monkeypatch):
    monkeypatch.setattr(arrivals, "_uncounted", Counter())


@pytest.fixture
def number():
    return make_number(make_business())


def fresh(number):
    return WhatsAppNumber.objects.get(pk=number.pk)


def found(number, **later):
    """Code → text of what is needed now or later, but for a check at Meta."""
    with translation.override("en"):
        all_of_it = issues_of(fresh(number), timezone.now() + timedelta(**later))
    return {issue.code: issue.text for issue in all_of_it if issue.code != "not_checked"}


def post(client, number, secret, payload=None):
    return post_webhook(client, payload or inbound_text(number, PHONE, "Hi"), secret).status_code


def a_minute_passes(number):
    WhatsAppNumber.objects.filter(pk=number.pk).update(webhooks_refused_at=timezone.now() - timedelta(minutes=2))


# Refused


def test_what_is_not_signed_with_the_numbers_secret_is_counted(client, number):
    assert post(client, number, "wrong") == 401
    assert fresh(number).webhooks_refused == 1
    assert "(1, the last one" in found(number)["webhooks_refused"]
    assert "a stranger has sent these" in found(number)["webhooks_refused"]


def test_a_change_that_is_dropped_is_counted_too(client, settings, number):
    assert post(client, number, settings.META_APP_SECRET) == 200
    assert "webhooks_refused" in found(number)


def test_the_number_is_written_once_a_minute_and_nothing_is_left_out(client, number, django_assert_num_queries):
    post(client, number, "wrong")
    for _post in range(5):
        # The numbers named.
        with django_assert_num_queries(1):
            post(client, number, "wrong")
    a_minute_passes(number)
    post(client, number, "wrong")
    assert fresh(number).webhooks_refused == 7


def test_a_post_that_names_nothing_of_ours_is_not_counted(client, number):
    stranger = WhatsAppNumber(phone_number_id="999999999", waba_id="888888888", phone_number=PHONE)
    assert post(client, stranger, "wrong") == 401
    assert fresh(number).webhooks_refused == 0


def test_what_the_account_hears_through_another_number_is_not_refused(client, settings, number):
    shared = make_number(number.business, waba_id=number.waba_id, app_secret="")
    payload = payload_of(shared, {"event": "APPROVED"}, "message_template_status_update")
    assert post(client, shared, settings.META_APP_SECRET, payload) == 200
    assert found(number) == found(shared) == {}


def test_a_good_one_ends_it(client, number):
    post(client, number, "wrong")
    assert post(client, number, number.app_secret) == 200
    assert found(number) == {}
    assert fresh(number).webhooks_refused == 0


def test_another_secret_ends_it(client, number):
    post(client, number, "wrong")
    numbers.update(number, app_secret="right")
    assert found(number) == {}


def test_it_ends_by_itself(client, number):
    post(client, number, "wrong")
    WhatsAppNumber.objects.update(last_event_at=timezone.now() + timedelta(days=3))
    assert found(number, days=3) == {}


def test_where_the_secret_is_the_installations_it_is_said_whose_to_enter(client):
    number = make_number(make_business(), app_secret="")
    post(client, number, "that of an app of their own")
    assert "enter it in the settings of this number" in found(number)["webhooks_refused"]


# No secret


def test_without_any_secret_it_is_missing_and_nothing_else(client, settings):
    settings.META_APP_SECRET = ""
    number = make_number(make_business(), app_secret="")
    post(client, number, "whatever")
    assert list(found(number)) == ["webhook_secret_missing"]
    settings.META_APP_SECRET = "there"
    assert "webhook_secret_missing" not in found(number)


def test_the_installations_secret_is_none_for_a_token_of_another_app(settings, meta):
    settings.META_APP_ID = "77"
    number = make_number(make_business(), app_secret="")
    meta.connect(number)
    meta.faults.on_call("GET", "debug_token", lambda accept: {"data": {"app_id": "78", "is_valid": True}})
    health.check(number)
    assert "webhook_secret_missing" in found(number)
    numbers.update(fresh(number), app_secret="that of 78")
    assert "webhook_secret_missing" not in found(number)


# The callback


@pytest.mark.parametrize(
    ("site", "is_public"),
    [
        ("https://chat.example.com", True),
        ("https://8.8.8.8", True),
        ("https://chat.example.com:8443", True),
        ("http://chat.example.com", False),
        ("http://127.0.0.1:8000", False),
        ("https://localhost", False),
        ("https://chat.local", False),
        ("https://192.168.1.5", False),
        ("https://[::1]", False),
        ("https://server", False),
    ],
)
def test_meta_posts_to_public_https_alone(settings, number, site, is_public):
    settings.META_GRAPH_URL, settings.PUBLIC_URL = "https://graph.facebook.com", site
    WhatsAppNumber.objects.update(last_event_at=None)
    assert ("callback_not_public" not in found(number)) == is_public


def test_where_something_came_in_lately_there_is_a_way(settings, number):
    settings.META_GRAPH_URL, settings.PUBLIC_URL = "https://graph.facebook.com", "http://127.0.0.1:8000"
    assert found(number) == {}
    assert "callback_not_public" in found(number, days=2)


# Silence


def test_a_day_without_an_event_is_told(client, number):
    assert list(found(number, hours=25)) == ["silent"]
    WhatsAppNumber.objects.update(last_event_at=timezone.now() - timedelta(days=3))
    assert "silent" in found(number)
    post(client, number, number.app_secret)
    assert found(number) == {}


def test_a_number_that_never_had_an_event_is_not_silent(number):
    WhatsAppNumber.objects.update(last_event_at=None)
    assert found(number) == {}


def test_when_the_last_event_came_is_written_seldom(client, number, django_assert_num_queries):
    post(client, number, number.app_secret)
    # The numbers named; the insert.
    with django_assert_num_queries(2):
        post(client, number, number.app_secret)
