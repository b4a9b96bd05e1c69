"""Broadcasts where they meet a customer's conversation."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.testing import make_colleague, make_owner
from broadcasts.models import Broadcast, BroadcastMessage
from crm.conversations import recording, thread
from crm.customers import customers
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import MessageTemplate
from whatsapp.testing import echo_of_text, make_number
from whatsapp.webhooks.parsing import parse

pytestmark = pytest.mark.django_db


def make_broadcast(number, name="sale"):
    template = MessageTemplate.objects.create(
        business=number.business,
        waba_id="1",
        name=name,
        language="ru",
        components=[{"type": "HEADER", "format": "TEXT", "text": "Sale"}, {"type": "BODY", "text": "{{1}}, 20 % off"}],
    )
    return Broadcast.objects.create(business=number.business, whatsapp_number=number, name="Easter", template=template)


def make_broadcast_message(conversation, broadcast=None, **fields):
    number = conversation.whatsapp_number
    return BroadcastMessage.objects.create(
        business=number.business,
        whatsapp_number=number,
        broadcast=broadcast or make_broadcast(number),
        customer=conversation.customer,
        parameters={"1": "Anna"},
        **{"status": "delivered", "accepted_at": timezone.now(), **fields},
    )


def texts(page):
    return [entry.text for entry in page.entries]


def test_a_broadcast_to_the_customer_appears_with_its_text():
    conversation = make_conversation()
    make_message(conversation, "Hello", timestamp=timezone.now() - timedelta(hours=1))
    make_broadcast_message(conversation)

    page = thread.page(conversation)

    assert texts(page) == ["Hello", "Anna, 20 % off"]
    assert "Easter" in page.entries[1].written_by


@pytest.mark.parametrize("status", ["planned", "queued", "skipped"])
def test_a_broadcast_that_was_not_sent_does_not_appear(status):
    conversation = make_conversation()
    make_broadcast_message(conversation, status=status, accepted_at=None)

    assert thread.page(conversation).entries == []


def test_a_broadcast_appears_on_exactly_one_page():
    conversation = make_conversation()
    began = timezone.now() - timedelta(hours=3)
    messages = [
        make_message(conversation, timestamp=began + timedelta(seconds=serial))
        for serial in range(2 * thread.PAGE_SIZE)
    ]
    make_broadcast_message(conversation, accepted_at=messages[thread.PAGE_SIZE].timestamp)

    newest = thread.page(conversation)
    oldest = thread.page(conversation, newest.older)

    shown = texts(newest) + texts(oldest)
    assert shown.count("Anna, 20 % off") == 1


def test_broadcasts_of_another_number_do_not_appear():
    conversation = make_conversation()
    make_broadcast_message(make_conversation())

    assert thread.page(conversation).entries == []


def test_the_number_of_queries_does_not_grow_with_the_broadcasts(django_assert_num_queries):
    conversation = make_conversation()
    for name in ("spring", "summer", "autumn"):
        make_broadcast_message(conversation, make_broadcast(conversation.whatsapp_number, name))

    # messages, broadcast messages with their templates
    with django_assert_num_queries(2):
        texts(thread.page(conversation))


def test_merging_customers_keeps_one_row_of_a_broadcast_that_went_to_both():
    by_phone = make_conversation(customer=None)
    by_user_id = make_conversation(
        by_phone.whatsapp_number, make_customer(by_phone.business, phone=None, whatsapp_user_id="US.1")
    )
    broadcast = make_broadcast(by_phone.whatsapp_number)
    make_broadcast_message(by_phone, broadcast, status="sent")
    make_broadcast_message(by_user_id, broadcast, status="skipped")

    customers.get_or_create(by_phone.business, phone=by_phone.customer.phone, user_id="US.1")

    assert BroadcastMessage.objects.get().status == "sent"


def answer(conversation, row, **fields):
    return make_message(conversation, "Да, хочу", context_wamid=row.wamid, **fields)


def test_an_answer_to_a_broadcast_quotes_it():
    conversation = make_conversation()
    row = make_broadcast_message(conversation, wamid="wamid.BCAST1", accepted_at=timezone.now() - timedelta(hours=1))
    answer(conversation, row)
    tap = {"type": "button", "button": {"text": "Хочу", "payload": "Хочу"}}
    answer(conversation, row, type="button", content=tap)

    quoted = [entry.quoted for entry in thread.page(conversation).entries]

    assert quoted == ["", "Anna, 20 % off", "Anna, 20 % off"]


def test_the_api_names_the_broadcast_that_is_answered():
    owner = make_owner()
    conversation = make_conversation(make_number(owner.business))
    row = make_broadcast_message(conversation, wamid="wamid.BCAST1")
    message = answer(conversation, row)
    client = APIClient()
    client.force_authenticate(make_colleague(owner))

    [listed] = client.get("/api/v1/messages/").json()["results"]

    assert listed["id"] == message.pk
    assert listed["quoted"] == {"kind": "broadcast", "id": row.broadcast_id, "text": "Anna, 20 % off"}


def test_the_number_of_queries_of_an_api_list_does_not_grow_with_answered_broadcasts(django_assert_num_queries):
    owner = make_owner()
    number = make_number(owner.business)
    for name in ("spring", "summer", "autumn"):
        conversation = make_conversation(number)
        row = make_broadcast_message(conversation, make_broadcast(number, name), wamid=f"wamid.{name}")
        answer(conversation, row)
    client = APIClient()
    client.force_authenticate(owner)

    # the person's rights (2), messages, quoted messages, quoted broadcasts
    with django_assert_num_queries(5):
        client.get("/api/v1/messages/")


def test_a_broadcast_of_another_number_is_not_quoted():
    conversation = make_conversation()
    row = make_broadcast_message(make_conversation(), wamid="wamid.BCAST1")
    answer(conversation, row)

    [entry] = thread.page(conversation).entries

    assert entry.quoted == ""


def test_an_echo_of_a_broadcast_is_no_message_besides():
    conversation = make_conversation()
    number = conversation.whatsapp_number
    make_broadcast_message(conversation, wamid="wamid.BROADCAST")
    echo = echo_of_text(number, conversation.customer.phone, "Anna, 20 % off", "wamid.BROADCAST")
    [change] = echo["entry"][0]["changes"]

    recording.record(number, parse(change["field"], change["value"]))

    conversation.refresh_from_db()
    assert not conversation.messages.exists()
    assert not conversation.bot_paused
