"""The samples that “Test” in the dashboard of a Meta app posts: answered 200, and stored nowhere."""

import copy

import pytest
from django.db import connection

from accounts.testing import make_business
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import inbound_text, make_number, post_webhook
from whatsapp.webhooks import dashboard_test

pytestmark = pytest.mark.django_db

SAMPLE = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "0",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": "16505551111", "phone_number_id": "123456123"},
                        "contacts": [{"profile": {"name": "test user name"}, "wa_id": "16315551181"}],
                        "messages": [
                            {
                                "from": "16315551181",
                                "id": "ABGGFlA5Fpa",
                                "timestamp": "1504902988",
                                "type": "text",
                                "text": {"body": "this is a text message"},
                            }
                        ],
                    },
                }
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def _without_a_secret_of_the_installation(settings):
    settings.META_APP_SECRET = ""


@pytest.fixture
def number():
    return make_number(make_business())


def sample(field="messages", waba_id="0", **value):
    changed = copy.deepcopy(SAMPLE)
    changed["entry"][0]["id"] = waba_id
    changed["entry"][0]["changes"][0]["field"] = field
    if value:
        changed["entry"][0]["changes"][0]["value"] = value
    return changed


@pytest.mark.parametrize(
    "payload", [sample(), sample("account_update", event="VERIFIED_ACCOUNT"), sample("message_template_status_update")]
)
def test_a_sample_signed_with_a_numbers_own_secret_is_answered_200_and_not_stored(client, number, payload):
    assert post_webhook(client, payload, number.app_secret).status_code == 200
    assert not WebhookEvent.objects.exists()


def test_a_sample_signed_with_the_installations_secret_is_too(client, number, settings):
    settings.META_APP_SECRET = "of-the-installation"

    assert post_webhook(client, SAMPLE, "of-the-installation").status_code == 200
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("secret", ["somebody-elses", ""])
def test_a_sample_with_another_signature_is_refused(client, number, secret):
    assert post_webhook(client, SAMPLE, secret).status_code == 401


def test_a_sample_without_a_signature_is_refused(client, number):
    assert client.post("/webhooks/whatsapp/", SAMPLE, content_type="application/json").status_code == 401


def test_a_number_that_is_not_connected_signs_no_sample(client):
    number = make_number(make_business(), status=WhatsAppNumber.Status.NOT_CHECKED)

    assert post_webhook(client, SAMPLE, number.app_secret).status_code == 401


def test_a_number_without_a_secret_of_its_own_signs_no_sample(client):
    make_number(make_business(), app_secret="")

    assert post_webhook(client, SAMPLE, "").status_code == 401


def test_a_secret_that_cannot_be_read_does_not_hide_the_others(client, number):
    unreadable = make_number(make_business())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE whatsapp_numbers SET app_secret = 'junk' WHERE id = %s", [unreadable.pk])

    assert post_webhook(client, SAMPLE, number.app_secret).status_code == 200


@pytest.mark.parametrize(
    "payload",
    [
        sample(waba_id="102290129340398"),
        sample(metadata={"phone_number_id": "106540352242922"}),
        {**SAMPLE, "entry": [*SAMPLE["entry"], *sample(waba_id="1022")["entry"]]},
        {**SAMPLE, "entry": []},
        sample(padding="x" * dashboard_test.MAX_LENGTH),
    ],
)
def test_what_is_no_sample_is_tried_with_no_secret_of_a_number_it_does_not_name(client, number, payload):
    assert post_webhook(client, payload, number.app_secret).status_code == 401


def test_the_secrets_of_so_many_numbers_are_tried_and_no_more(client, number, monkeypatch):
    monkeypatch.setattr(dashboard_test, "MAX_NUMBERS", 1)
    last = make_number(make_business())

    assert post_webhook(client, SAMPLE, last.app_secret).status_code == 200
    assert post_webhook(client, SAMPLE, number.app_secret).status_code == 401


def test_what_names_a_number_is_stored_as_ever(client, number):
    assert post_webhook(client, inbound_text(number, "+79161234567", "Hi"), number.app_secret).status_code == 200
    assert WebhookEvent.objects.count() == 1
