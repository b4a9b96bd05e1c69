"""What is stored under a key that FIELD_KEYS does not hold: said where people see it, and never sent to Meta."""

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.testing import make_owner
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import inbound_text, make_number, post_webhook
from whatsapp.tests.rows import make_row
from whatsapp.tests.sending.delivering import deliver

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


@pytest.fixture
def old_keys(number, settings):
    """The keys under which the number's secrets are; the settings have another one."""
    keys, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    return keys


@pytest.fixture
def api(owner):
    client = APIClient()
    client.force_authenticate(owner)
    return client


def address(number, *more):
    return "/".join([f"/api/v1/whatsapp-numbers/{number.pk}", *more, ""])


def standing(number):
    number = WhatsAppNumber.objects.get(pk=number.pk)
    return number.status, "FIELD_KEYS" in number.problem


def test_nothing_is_sent_and_the_number_says_why(number, old_keys, meta):
    make_row(number)
    deliver(number)
    assert meta.requests == []
    assert standing(number) == ("problem", True)


def test_with_the_old_key_back_the_message_goes_out_and_all_is_well(number, old_keys, meta, settings):
    row = make_row(number)
    deliver(number)
    settings.FIELD_KEYS = [*settings.FIELD_KEYS, *old_keys]
    deliver(number)
    row.refresh_from_db()
    assert row.status == "accepted"
    assert standing(number) == ("connected", False)


def test_with_a_new_token_entered_by_api_the_message_goes_out(number, old_keys, meta, api):
    row = make_row(number)
    deliver(number)
    meta.directory.add_number(number.phone_number_id, number.phone_number, "EAAnew", waba_id=number.waba_id)
    assert api.patch(address(number), {"access_token": "EAAnew"}).status_code == 200
    deliver(number)
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_token_that_meta_refused_before_keeps_its_problem(number, old_keys, meta):
    WhatsAppNumber.objects.filter(pk=number.pk).update(status="problem", problem="Refused", refused_token="0" * 64)
    make_row(number)
    deliver(number)
    assert WhatsAppNumber.objects.get().problem == "Refused"


@pytest.mark.parametrize("path", ["check", "activate", "deactivate", "sync-templates"])
def test_no_call_of_the_api_breaks_or_shows_the_ciphertext(number, old_keys, meta, api, path):
    answer = api.post(address(number, path))
    assert answer.status_code in (200, 409)
    assert "gAAAA" not in answer.content.decode()
    assert meta.requests == []


def test_changing_what_is_checked_asks_for_the_token_again(number, old_keys, meta, api):
    answer = api.patch(address(number), {"phone_number": "+74957654321"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["access_token"]


def test_renaming_needs_no_token(number, old_keys, api):
    assert api.patch(address(number), {"name": "Bakery"}).status_code == 200


@pytest.mark.parametrize("page", ["changelist", "change", "delete", "history"])
def test_the_pages_of_the_admin_open(number, old_keys, client, owner, page):
    client.force_login(owner)
    arguments = [] if page == "changelist" else [number.pk]
    answer = client.get(reverse(f"admin:whatsapp_whatsappnumber_{page}", args=arguments))
    assert answer.status_code == 200
    assert "gAAAA" not in answer.content.decode()


def test_meta_is_asked_to_post_again_what_cannot_be_verified(client, number, old_keys):
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), "some-secret").status_code == 503
    assert not WebhookEvent.objects.exists()


def test_the_webhooks_of_other_numbers_are_stored(client, number, old_keys):
    other = make_number(make_owner().business, app_secret="the-others-secret")
    assert post_webhook(client, inbound_text(other, PHONE, "Hi"), "the-others-secret").status_code == 200
    assert [event.whatsapp_number for event in WebhookEvent.objects.all()] == [other]


def test_of_a_post_for_both_the_other_ones_change_is_stored_and_meta_posts_it_again(client, number, old_keys):
    other = make_number(number.business, app_secret="the-others-secret")
    payload = inbound_text(other, PHONE, "Hi")
    payload["entry"] += inbound_text(number, PHONE, "Hi")["entry"]
    assert post_webhook(client, payload, "the-others-secret").status_code == 503
    assert [event.whatsapp_number for event in WebhookEvent.objects.all()] == [other]
