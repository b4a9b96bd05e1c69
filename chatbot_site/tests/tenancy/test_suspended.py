"""
A business that is suspended, or whose plan has ended: nothing is sent and everybody is told why, what customers write
is kept, and what the business has can be read, taken along and deleted.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Business, Subscription
from accounts.testing import make_owner
from bots.testing import make_bot, make_published_scenario
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.models import Customer, Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import WhatsAppNumber
from whatsapp.sending.delivery import deliver
from whatsapp.testing import inbound_text, make_number, post_webhook

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"

REASONS = {"suspended": "The business is suspended", "expired": "The plan has ended"}


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


@pytest.fixture
def conversation(number):
    return make_conversation(number, make_customer(number.business, phone=PHONE, name="Anna"))


@pytest.fixture(params=["suspended", "expired"])
def reason(request, owner, conversation):
    """Why nothing is sent, from now on."""
    if request.param == "suspended":
        Business.objects.update(is_suspended=True)
    else:
        Subscription.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    owner.refresh_from_db()
    return REASONS[request.param]


@pytest.fixture
def api(owner, reason):
    client = APIClient()
    client.force_authenticate(owner)
    return client


def assert_refused(response, reason):
    assert (response.status_code, response.json()["code"]) == (409, "suspended")
    assert reason in response.json()["detail"]


def test_what_customers_write_is_kept_and_bots_are_silent(
    client, meta, number, reason, django_capture_on_commit_callbacks
):
    make_published_scenario(make_bot(number))

    with django_capture_on_commit_callbacks(execute=True):
        post_webhook(client, inbound_text(number, PHONE, "заказ"), number.app_secret)

    assert list(Message.objects.values_list("direction", "text")) == [("in", "заказ")]
    assert meta.texts_to(PHONE) == []


def test_replies_are_refused_with_the_reason(api, conversation, reason):
    assert_refused(api.post(f"/api/v1/conversations/{conversation.pk}/messages/", {"text": "Hi"}), reason)


def test_writing_first_is_refused_with_the_reason(api, number, reason):
    body = {"whatsapp_number": number.pk, "to": PHONE, "text": "Hi"}

    assert_refused(api.post("/api/v1/messages/", body), reason)


def test_broadcasts_are_refused_with_the_reason(api, number, conversation, reason):
    broadcast = make_broadcast(number, status=Broadcast.Status.PLANNED)
    make_broadcast_message(broadcast, conversation.customer)

    assert_refused(api.post(f"/api/v1/broadcasts/{broadcast.pk}/start/"), reason)


def test_what_was_queued_before_waits(meta, number, conversation, reason):
    make_message(conversation, direction="out", status="queued", wamid=None)

    deliver(Message, number.pk)

    assert meta.texts_to(PHONE) == []
    assert Message.objects.get().status == "queued"


def test_everything_can_be_read(api, conversation):
    make_message(conversation, "Hello")

    for name in ("conversations", "messages", "customers", "deals", "bots", "broadcasts", "whatsapp-numbers"):
        assert api.get(f"/api/v1/{name}/").status_code == 200
    assert api.get("/api/v1/messages/").json()["results"][0]["text"] == "Hello"


def test_everything_can_be_taken_along(api, number, conversation):
    make_message(conversation, "Hello")

    assert "Hello" in api.get(f"/api/v1/whatsapp-numbers/{number.pk}/export/").getvalue().decode()
    assert "Anna" in api.get("/api/v1/customers/export/").getvalue().decode()


def test_everything_can_be_deleted(api, number, conversation):
    assert api.delete(f"/api/v1/customers/{conversation.customer_id}/").status_code == 204
    assert api.delete(f"/api/v1/whatsapp-numbers/{number.pk}/").status_code in (202, 204)
    assert not Customer.objects.exists() and not WhatsAppNumber.objects.exists()
