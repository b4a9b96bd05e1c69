"""Calls by customers, from the webhook to the thread."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from crm.conversations import recording, thread
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation, make_customer
from whatsapp.testing import call_event
from whatsapp.webhooks.parsing import parse

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


def receive(number, *payloads):
    """Record webhooks. Returns the ids of the conversations for bots to look at."""
    changes = [payload["entry"][0]["changes"][0] for payload in payloads]
    return [recording.record(number, parse(change["field"], change["value"])) for change in changes]


def line(language="en"):
    """The one line of the one conversation, in a language."""
    with translation.override(language):
        [entry] = thread.page(Conversation.objects.get()).entries
    assert entry.is_line
    return entry.text


def test_a_call_that_nobody_answered_is_a_missed_call(number):
    receive(number, call_event(number, PHONE, "connect"), call_event(number, PHONE, "terminate", status="FAILED"))

    assert line() == "Missed call"


def test_in_russian_it_is_too(number):
    receive(number, call_event(number, PHONE, "terminate", status="FAILED"))

    assert line("ru") == "Пропущенный звонок"


@pytest.mark.parametrize(
    ("end", "text"),
    [
        ({"status": "COMPLETED", "duration": 125}, "A call, 2:05"),
        ({"status": "COMPLETED", "duration": 7}, "A call, 0:07"),
        ({"status": "COMPLETED"}, "Missed call"),
        ({"status": "COMPLETED", "duration": 0}, "Missed call"),
        ({"status": "FAILED", "duration": 30}, "Missed call"),
        ({"status": "COMPLETED", "duration": "junk"}, "Missed call"),
    ],
)
def test_a_call_that_was_answered_has_its_length(number, end, text):
    receive(number, call_event(number, PHONE, "terminate", **end))

    assert line() == text


def test_a_call_of_which_no_end_is_known_is_a_call(number):
    receive(number, call_event(number, PHONE, "connect"))

    assert line() == "A call"


def test_a_call_is_recorded_once_whatever_the_order(number):
    began, ended = call_event(number, PHONE, "connect"), call_event(number, PHONE, "terminate", status="FAILED")

    receive(number, ended, began, ended, began)

    assert (line(), Conversation.objects.get().unread) == ("Missed call", 1)


def test_two_calls_are_two_lines(number):
    receive(number, *(call_event(number, PHONE, "terminate", wacid) for wacid in ("wacid.1", "wacid.2")))

    assert (Message.objects.count(), Conversation.objects.get().unread) == (2, 2)


def test_a_call_is_for_people_and_not_for_bots(number):
    assert receive(number, call_event(number, PHONE, "terminate", status="FAILED")) == [[]]

    message = Message.objects.get()
    assert (message.direction, message.origin, message.type) == ("in", "customer", "call")
    assert message.automated_at is not None
    assert message.text == ""


def test_a_call_opens_conversation_and_window_as_a_message_does(number):
    called_at = timezone.now() - timedelta(minutes=1)
    customer = make_customer(number.business, phone=PHONE)
    conversation = make_conversation(number, customer, status="closed", last_inbound_at=None)

    receive(number, call_event(number, PHONE, "connect", timestamp=str(int(called_at.timestamp()))))

    conversation.refresh_from_db()
    assert (conversation.status, conversation.unread, conversation.window_open) == ("open", 1, True)


def test_a_call_leaves_the_bot_as_it_is(number):
    receive(number, call_event(number, PHONE, "connect"))

    assert not Conversation.objects.get().bot_paused


def test_a_caller_who_is_not_known_becomes_a_customer(number):
    receive(number, call_event(number, PHONE, "connect"))

    assert list(Customer.objects.values_list("phone", "name")) == [(PHONE, "Anna")]


def test_a_call_by_the_business_is_a_line_that_nobody_has_to_read(number):
    people = {"from": number.phone_number.lstrip("+"), "to": PHONE.lstrip("+"), "direction": "BUSINESS_INITIATED"}

    receive(number, call_event(number, PHONE, "terminate", status="FAILED", **people))

    conversation = Conversation.objects.get()
    assert (conversation.customer.phone, conversation.unread, conversation.window_open) == (PHONE, 0, False)
    assert line() == "A call to the customer, not answered"
    message = Message.objects.get()
    assert (message.direction, message.status) == ("out", "sent")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("seconds", "text"), [(0, "Missed call"), (65, "A call, 1:05")])
def test_a_call_arrives_from_the_customers_phone(number, meta, seconds, text):
    meta.connect(number)
    meta.customer_calls(number, PHONE, seconds)

    meta.deliver_webhooks()

    assert line() == text
