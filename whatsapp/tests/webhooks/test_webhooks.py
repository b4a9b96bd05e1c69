import json
import threading
from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError

from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.testing import WEBHOOK_PATH, inbound_text, make_number, payload_of, post_webhook, sign, value_of

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture
def number():
    return make_number(make_business())


def post_signed(client, body, signature):
    headers = {} if signature is None else {"X-Hub-Signature-256": signature}
    return client.post(WEBHOOK_PATH, data=body, content_type="application/json", headers=headers)


def stored():
    return list(WebhookEvent.objects.order_by("pk"))


def several(*payloads):
    """One POST with the entries of several."""
    return {**payloads[0], "entry": [entry for payload in payloads for entry in payload["entry"]]}


# What is signed


def test_a_signed_change_is_stored(client, number):
    payload = inbound_text(number, PHONE, "Привет")
    response = post_webhook(client, payload, number.app_secret)
    [event] = stored()
    assert response.status_code == 200
    assert (event.whatsapp_number, event.business, event.field) == (number, number.business, "messages")
    assert event.value == payload["entry"][0]["changes"][0]["value"]


def test_without_the_slash_it_is_stored_too(client, number):
    body = json.dumps(inbound_text(number, PHONE, "Hi")).encode()
    response = client.post(
        WEBHOOK_PATH.rstrip("/"),
        data=body,
        content_type="application/json",
        headers={"X-Hub-Signature-256": sign(body, number.app_secret)},
    )
    assert response.status_code == 200
    assert len(stored()) == 1


def test_it_is_not_stopped_by_csrf_protection(number):
    client = Client(enforce_csrf_checks=True)
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), number.app_secret).status_code == 200


def test_the_raw_bytes_are_what_is_signed(client, number):
    body = json.dumps(inbound_text(number, PHONE, "é/é"), indent=3).replace("/", "\\/").encode()
    assert post_webhook(client, body, number.app_secret).status_code == 200
    assert stored()[0].value["messages"][0]["text"]["body"] == "é/é"


def test_every_change_becomes_one_event(client, number):
    payload = several(*[inbound_text(number, PHONE, str(place)) for place in range(3)])
    post_webhook(client, payload, number.app_secret)
    assert [event.value["messages"][0]["text"]["body"] for event in stored()] == ["0", "1", "2"]


def test_all_changes_are_stored_by_one_insert(client, number, django_assert_num_queries):
    payload = several(*[inbound_text(number, PHONE, str(place)) for place in range(50)])
    # The numbers named; the insert.
    with django_assert_num_queries(2):
        post_webhook(client, payload, number.app_secret)


def test_events_of_an_inactive_number_are_stored(client):
    number = make_number(make_business(), is_active=False)
    post_webhook(client, inbound_text(number, PHONE, "Hi"), number.app_secret)
    assert len(stored()) == 1


def test_a_number_without_a_secret_has_the_installations(client, settings):
    number = make_number(make_business(), app_secret="")
    post_webhook(client, inbound_text(number, PHONE, "Hi"), settings.META_APP_SECRET)
    assert len(stored()) == 1


def test_stored_events_are_processed_at_once(client, number, handled, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        post_webhook(client, inbound_text(number, PHONE, "Hi"), number.app_secret)
    assert handled == ["Hi"]
    assert stored()[0].processed_at


# What is not signed

BODY = b'{"object": "whatsapp_business_account", "entry": []}'


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=abc",
        "sha256=" + "0" * 64,
        "sha256=" + "я" * 64,
        "sha256=\udcff",
        "sha1=" + "0" * 40,
        "0" * 64,
    ],
    ids=["missing", "empty", "bare", "short", "wrong", "non-ascii", "surrogate", "sha1", "no scheme"],
)
def test_a_bad_signature_is_refused_and_nothing_stored(client, number, signature):
    body = json.dumps(inbound_text(number, PHONE, "Hi")).encode()
    if signature == "sha256=\udcff":
        response = client.post(WEBHOOK_PATH, body, "application/json", HTTP_X_HUB_SIGNATURE_256=signature)
    else:
        response = post_signed(client, body, signature)
    assert response.status_code == 401
    assert stored() == []


def test_a_doubled_header_is_refused(client, number):
    body = json.dumps(inbound_text(number, PHONE, "Hi")).encode()
    good = sign(body, number.app_secret)
    assert post_signed(client, body, f"{good},{good}").status_code == 401
    assert stored() == []


def test_a_signature_of_another_body_is_refused(client, number):
    body = json.dumps(inbound_text(number, PHONE, "Hi")).encode()
    assert post_signed(client, body, sign(body + b" ", number.app_secret)).status_code == 401


def test_the_empty_secret_signs_nothing(client, settings):
    settings.META_APP_SECRET = ""
    number = make_number(make_business(), app_secret="")
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), "").status_code == 401
    assert stored() == []


def test_a_secret_of_a_number_that_is_not_named_is_not_tried(client, number):
    other = make_number(make_business())
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), other.app_secret).status_code == 401


# Whose it is


def test_one_business_cannot_sign_for_the_number_of_another(client, number):
    other = make_number(make_business())
    payload = several(inbound_text(number, PHONE, "mine"), inbound_text(other, PHONE, "forged"))
    assert post_webhook(client, payload, number.app_secret).status_code == 200
    assert [event.whatsapp_number for event in stored()] == [number]


def test_the_installations_secret_does_not_sign_for_a_number_with_its_own(client, number, settings):
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), settings.META_APP_SECRET).status_code == 200
    assert stored() == []


def test_what_is_dropped_is_counted_in_the_log(client, number, caplog):
    other = make_number(make_business())
    payload = several(inbound_text(number, PHONE, "mine"), inbound_text(other, PHONE, "forged"))
    post_webhook(client, payload, number.app_secret)
    assert "Dropped 1 of 2 changes" in caplog.text


def test_messages_are_routed_by_the_phone_number_id_and_not_by_the_account(client, number):
    other = make_number(number.business, app_secret=number.app_secret)
    payload = inbound_text(number, PHONE, "Hi")
    payload["entry"][0]["id"] = other.waba_id
    post_webhook(client, payload, number.app_secret)
    assert [event.whatsapp_number for event in stored()] == [number]


@pytest.mark.parametrize(
    "body",
    [BODY, b"[]", b"null", b"{", b"\xff", b'{"entry": 7}', b'{"entry": [7, {"changes": [7]}]}', b"[" * 100_000],
)
def test_what_is_signed_by_the_installation_but_names_nothing_is_dropped(client, settings, body):
    assert post_signed(client, body, sign(body, settings.META_APP_SECRET)).status_code == 200
    assert stored() == []


def test_messages_without_a_phone_number_id_are_of_no_number(client, number):
    payload = payload_of(number, {"messages": []})
    assert post_webhook(client, payload, number.app_secret).status_code == 200
    assert stored() == []


# Changes of an account


def test_a_change_of_an_account_goes_to_one_number_per_business(client):
    first, second = make_business(), make_business()
    shared = {"waba_id": "5550001", "app_secret": "shared"}
    of_first = make_number(first, **shared)
    make_number(first, **shared)
    of_second = make_number(second, **shared)
    stranger = make_number(make_business(), waba_id="5550001")
    post_webhook(client, payload_of(stranger, {"event": "APPROVED"}, "message_template_status_update"), "shared")
    assert {event.whatsapp_number for event in stored()} == {of_first, of_second}


def test_a_change_of_an_account_that_names_a_phone_goes_to_that_number(client, number):
    named = make_number(number.business, waba_id=number.waba_id, app_secret=number.app_secret)
    value = {"display_phone_number": named.phone_number, "event": "ONBOARDING"}
    post_webhook(client, payload_of(number, value, "phone_number_quality_update"), number.app_secret)
    assert [event.whatsapp_number for event in stored()] == [named]


def test_a_change_of_an_account_that_names_a_phone_that_is_not_ours_is_dropped(client, number):
    value = {"display_phone_number": "15550000000", "event": "ONBOARDING"}
    post_webhook(client, payload_of(number, value, "phone_number_quality_update"), number.app_secret)
    assert stored() == []


def test_a_preference_is_routed_by_the_phone_number_id(client, number):
    make_number(number.business, waba_id=number.waba_id, app_secret=number.app_secret)
    post_webhook(client, payload_of(number, value_of(number), "user_preferences"), number.app_secret)
    assert [event.whatsapp_number for event in stored()] == [number]


# What is too much, or goes wrong


def test_what_neither_database_can_store_is_stored_without_it(client, number):
    body = json.dumps(inbound_text(number, PHONE, "a\0b\ud800")).encode().replace(b'"Anna"', b"NaN")
    assert post_webhook(client, body, number.app_secret).status_code == 200
    [event] = stored()
    assert event.value["messages"][0]["text"]["body"] == "ab?"
    assert event.value["contacts"][0]["profile"]["name"] is None


def test_three_megabytes_are_stored(client, number):
    payload = inbound_text(number, PHONE, "x" * 3_000_000)
    assert post_webhook(client, payload, number.app_secret).status_code == 200


def test_over_four_mebibytes_are_too_large(client, number):
    payload = inbound_text(number, PHONE, "x" * 4 * 1024 * 1024)
    assert post_webhook(client, payload, number.app_secret).status_code == 413
    assert stored() == []


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError, UnreadableSecret])
def test_meta_is_asked_to_come_again_when_the_database_is_out_of_order(client, number, trouble):
    with patch.object(WebhookEvent.objects, "bulk_create", side_effect=trouble):
        assert post_webhook(client, inbound_text(number, PHONE, "Hi"), number.app_secret).status_code == 503


def test_what_is_stored_is_answered_200_even_without_the_broker(client, number, django_capture_on_commit_callbacks):
    with (
        patch("whatsapp.webhooks.receive.process_events.delay", side_effect=BrokerError) as delay,
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert post_webhook(client, inbound_text(number, PHONE, "Hi"), number.app_secret).status_code == 200
    assert delay.called
    assert stored()[0].due_at


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "head"])
def test_other_methods_are_refused(client, method):
    assert getattr(client, method)(WEBHOOK_PATH).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_five_posts_at_once_are_handled_one_after_the_other(number, handled):
    """That one message comes of them is proved where messages are recorded."""
    payload = inbound_text(number, PHONE, "Hi")
    answers, begin = [], threading.Barrier(5)

    def post():
        begin.wait()
        answers.append(post_webhook(Client(), payload, number.app_secret).status_code)
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 5
    assert handled == ["Hi"] * 5
    assert all(event.processed_at and event.attempts == 1 for event in stored())


# The handshake


def shake(client, **asked):
    asked = {"mode": "subscribe", "challenge": "1158201444", "verify_token": "verify-me", **asked}
    return client.get(WEBHOOK_PATH, {f"hub.{name}": value for name, value in asked.items()})


def test_the_handshake_echoes_the_challenge(client):
    response = shake(client)
    assert (response.status_code, response.content) == (200, b"1158201444")
    assert response["Content-Type"] == "text/plain"


def test_the_handshake_knows_a_numbers_own_token(client, number):
    assert shake(client, verify_token=number.verify_token).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"verify_token": "wrong"},
        {"verify_token": ""},
        {"verify_token": "проверка"},
        {"mode": "unsubscribe"},
        {"challenge": ""},
        {"challenge": "<script>alert(1)</script>"},
        {"challenge": "1" * 201},
        {"challenge": "1\n2"},
    ],
    ids=repr,
)
def test_the_handshake_is_refused(client, asked):
    response = shake(client, **asked)
    assert response.status_code == 403
    assert response.content == b""


def test_a_handshake_with_a_nul_is_no_request_at_all(client):
    assert shake(client, verify_token="verify-me\0").status_code == 400


def test_an_empty_verify_token_in_the_settings_opens_nothing(client, settings):
    settings.META_VERIFY_TOKEN = ""
    assert shake(client, verify_token="").status_code == 403
