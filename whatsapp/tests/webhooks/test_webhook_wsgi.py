"""What is posted most is stored before Django's middleware, as the careful way would store it."""

import json
import time
from io import BytesIO

import pytest
from django.db import InterfaceError, OperationalError
from django.test.client import ClientHandler
from django.utils import timezone

from accounts.testing import make_business
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import (
    WEBHOOK_PATH,
    inbound_text,
    make_number,
    payload_of,
    post_webhook,
    sign,
    status_update,
    value_of,
)
from whatsapp.webhooks import publishing, wsgi

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


class Published:
    """In the place of the publisher."""

    def __init__(self):
        self.numbers = []

    def publish(self, number_ids):
        self.numbers += sorted(number_ids)


class Site:
    """The middleware around Django. `careful` holds the bodies that Django was given."""

    def __init__(self):
        self.careful = []
        self.published = Published()
        self.middleware = wsgi.WebhookMiddleware(self._django, self.published)
        self.handler = ClientHandler()

    def _django(self, environ, start_response):
        body = environ["wsgi.input"].read()
        self.careful.append(body)
        environ["wsgi.input"] = BytesIO(body)
        response = self.handler(environ)
        start_response(f"{response.status_code} {response.reason_phrase}", [])
        return [response.content]

    def post(self, body, signature="", **environ):
        """The status with which a POST is answered."""
        answered = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": WEBHOOK_PATH,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_HUB_SIGNATURE_256": signature,
        } | environ
        response = self.middleware(environ, lambda status, headers, exc_info=None: answered.append(status))
        b"".join(response)
        return int(answered[0].split()[0])

    def post_payload(self, payload, secret, **environ):
        body = json.dumps(payload).encode()
        return self.post(body, sign(body, secret), **environ)


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def number():
    return make_number(make_business(), last_event_at=timezone.now())


def columns_of(event):
    """All that is stored of an event, but for its id and its times, which are there."""
    row = WebhookEvent.objects.filter(pk=event.pk).values().get()
    assert row.pop("received_at") and row.pop("due_at")
    return {name: value for name, value in row.items() if name != "id"}


# The short way


def test_a_message_of_a_number_is_stored_without_django(site, number):
    assert site.post_payload(inbound_text(number, PHONE, "Привет"), number.app_secret) == 200
    assert WebhookEvent.objects.count() == 1
    assert site.careful == []


@pytest.mark.parametrize(
    "payload",
    [
        lambda number: inbound_text(number, PHONE, "Привет"),
        lambda number: status_update(number, "wamid.X", "read"),
        lambda number: inbound_text(number, PHONE, "a\0b \ud83d"),
    ],
    ids=["message", "status", "characters that cannot be stored"],
)
def test_both_ways_store_the_same(site, client, number, payload):
    posted = payload(number)
    post_webhook(client, posted, number.app_secret)
    site.post_payload(posted, number.app_secret)
    careful, short = WebhookEvent.objects.order_by("pk")
    assert columns_of(short) == columns_of(careful)
    assert site.careful == []


def test_each_change_of_a_post_is_an_event(site, number):
    payload = inbound_text(number, PHONE, "One")
    payload["entry"] += inbound_text(number, PHONE, "Two")["entry"]
    site.post_payload(payload, number.app_secret)
    texts = [event.value["messages"][0]["text"]["body"] for event in WebhookEvent.objects.order_by("pk")]
    assert texts == ["One", "Two"]
    assert site.careful == []


def test_workers_are_told_which_number_it_was(site, number):
    site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret)
    assert site.published.numbers == [number.pk]


def test_a_number_is_read_once_for_many_posts(site, number, django_assert_num_queries):
    site.post_payload(inbound_text(number, PHONE, "One"), number.app_secret)
    with django_assert_num_queries(1):
        site.post_payload(inbound_text(number, PHONE, "Two"), number.app_secret)


def test_a_removed_secret_is_good_for_a_moment_only(site, number, monkeypatch):
    site.post_payload(inbound_text(number, PHONE, "One"), number.app_secret)
    former = number.app_secret
    number.app_secret = "another"
    number.save()
    later = time.monotonic() + wsgi.MAX_AGE
    monkeypatch.setattr(wsgi.time, "monotonic", lambda: later)
    assert site.post_payload(inbound_text(number, PHONE, "Two"), former) == 401
    assert WebhookEvent.objects.count() == 1


def test_a_new_secret_is_good_at_once(site, number):
    site.post_payload(inbound_text(number, PHONE, "One"), number.app_secret)
    number.app_secret = "another"
    number.save()
    assert site.post_payload(inbound_text(number, PHONE, "Two"), "another") == 200
    assert WebhookEvent.objects.count() == 2


# What goes the careful way


def test_what_is_not_signed_is_refused(site, number):
    assert site.post_payload(inbound_text(number, PHONE, "Hi"), "wrong") == 401
    assert not WebhookEvent.objects.exists()


def test_the_secret_of_one_number_is_no_proof_for_another(site, number):
    other = make_number(make_business(), app_secret="theirs", last_event_at=timezone.now())
    payload = inbound_text(number, PHONE, "Mine")
    payload["entry"] += inbound_text(other, PHONE, "Theirs")["entry"]
    site.post_payload(payload, number.app_secret)
    [event] = WebhookEvent.objects.all()
    assert event.whatsapp_number == number


@pytest.mark.parametrize("field", ["account_update", "message_template_status_update"])
def test_other_fields_are_left_to_the_careful_way(site, number, field):
    payload = payload_of(number, value_of(number), field=field)
    site.post_payload(payload, number.app_secret)
    assert site.careful == [json.dumps(payload).encode()]
    assert WebhookEvent.objects.get().field == field


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"entry": 5}', b'{"entry": []}', b"\xff"])
def test_what_says_nothing_is_left_to_the_careful_way(site, body):
    assert site.post(body) == 401
    assert site.careful == [body]


def test_a_number_that_was_silent_is_noted(site, number):
    WhatsAppNumber.objects.update(last_event_at=None)
    site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret)
    number.refresh_from_db()
    assert number.last_event_at is not None
    assert WebhookEvent.objects.count() == 1


def test_two_numbers_that_claim_one_id_are_left_to_the_careful_way(site, number):
    make_number(make_business(), phone_number_id=number.phone_number_id, app_secret="theirs", confirmed_at=None)
    site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret)
    assert len(site.careful) == 1
    assert WebhookEvent.objects.get().whatsapp_number == number


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_what_the_database_does_not_take_is_left_to_the_careful_way(site, number, monkeypatch, error):
    def refuse(events):
        raise error("the connection was cut")

    monkeypatch.setattr(wsgi, "_insert", refuse)
    assert site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret) == 200
    assert WebhookEvent.objects.count() == 1
    assert site.published.numbers == []


def test_a_body_that_is_too_long_is_not_read(site, number, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert site.post_payload(inbound_text(number, PHONE, "x" * 200), number.app_secret) == 413
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("length", ["", "-1", "1e3", "²"])
def test_a_body_without_a_length_is_left_to_the_careful_way(site, number, length):
    site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret, CONTENT_LENGTH=length)
    assert len(site.careful) == 1


def test_without_https_it_is_redirected_like_everything(site, number, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret) == 308
    assert not WebhookEvent.objects.exists()


def test_behind_a_proxy_that_speaks_https_it_is_stored(site, number, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    payload = inbound_text(number, PHONE, "Hi")
    assert site.post_payload(payload, number.app_secret, HTTP_X_FORWARDED_PROTO="https") == 200
    assert site.careful == []


@pytest.mark.parametrize(
    "environ", [{"REQUEST_METHOD": "GET"}, {"REQUEST_METHOD": "PUT"}, {"PATH_INFO": "/livez"}], ids=str
)
def test_other_requests_are_not_looked_at(site, number, environ):
    site.post_payload(inbound_text(number, PHONE, "Hi"), number.app_secret, **environ)
    assert len(site.careful) == 1
    assert not WebhookEvent.objects.exists()


# The publisher


def test_the_publisher_goes_on_after_a_task_that_could_not_be_published(monkeypatch):
    published = []

    def publish(number_id):
        if number_id == 1:
            raise OperationalError("too many connections")
        published.append(number_id)

    monkeypatch.setattr(publishing.process_number, "delay_on_commit", publish)
    publisher = publishing.NumberPublisher(interval=0)
    publisher.publish({1})
    deadline = time.monotonic() + 5
    while not published and time.monotonic() < deadline:
        publisher.publish({2})
        time.sleep(0.01)

    assert set(published) == {2}
