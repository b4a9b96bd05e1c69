"""What comes by webhook beside customers' messages: bots are silent there, or pause."""

import pytest

from accounts.testing import make_business
from bots.models import BotTurn
from bots.runtime import turns
from bots.testing import document, make_bot, make_published_scenario
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import WebhookEvent
from whatsapp.testing import call_event, echo_of_text, inbound_text, make_number
from whatsapp.webhooks import process

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture
def number():
    number = make_number(make_business())
    greeting = document({"key": "a", "kind": "message", "text": "Чем помочь?"}, triggers=[{"kind": "any"}])
    make_published_scenario(make_bot(number), greeting)
    return number


def receive(number, payload, callbacks):
    [change] = payload["entry"][0]["changes"]
    WebhookEvent.objects.create(
        business=number.business, whatsapp_number=number, field=change["field"], value=change["value"]
    )
    with callbacks(execute=True):
        process.process_line(number.pk)


def said():
    return list(Message.objects.filter(direction="out", origin="bot").values_list("text", flat=True))


def test_the_bot_answers_a_person(number, django_capture_on_commit_callbacks):
    receive(number, inbound_text(number, PHONE, "Привет"), django_capture_on_commit_callbacks)

    assert said() == ["Чем помочь?"]


def test_a_message_in_a_group_leaves_no_trace(number, django_capture_on_commit_callbacks):
    payload = inbound_text(number, PHONE, "стоп", group_id="Y2FwaV9ncm91cDox")

    receive(number, payload, django_capture_on_commit_callbacks)

    assert not Customer.objects.exists()
    assert not Conversation.objects.exists()
    assert said() == []


def test_a_message_in_a_group_by_a_customer_changes_nothing(number, django_capture_on_commit_callbacks):
    conversation = make_conversation(number, make_customer(number.business, phone=PHONE), last_inbound_at=None)
    payload = inbound_text(number, PHONE, "стоп", group_id="Y2FwaV9ncm91cDox")

    receive(number, payload, django_capture_on_commit_callbacks)

    conversation.refresh_from_db()
    assert (conversation.unread, conversation.window_open, conversation.messages.count()) == (0, False, 0)
    assert not conversation.customer.opted_out


def test_after_an_echo_the_bot_is_silent(number, django_capture_on_commit_callbacks):
    receive(number, echo_of_text(number, PHONE, "Здравствуйте, это Мария"), django_capture_on_commit_callbacks)

    receive(number, inbound_text(number, PHONE, "Привет"), django_capture_on_commit_callbacks)

    assert said() == []


def test_a_message_that_waits_for_the_bot_is_left_to_whoever_answered_it_by_phone(
    number, django_capture_on_commit_callbacks
):
    conversation = make_conversation(number, make_customer(number.business, phone=PHONE))
    make_message(conversation, "Привет")

    receive(number, echo_of_text(number, PHONE, "Здравствуйте"), django_capture_on_commit_callbacks)
    turns.take_turns(conversation.pk)

    assert said() == []


def test_no_bot_answers_a_call(number, django_capture_on_commit_callbacks):
    payload = call_event(number, PHONE, "terminate", status="FAILED")

    receive(number, payload, django_capture_on_commit_callbacks)

    assert said() == []
    assert not BotTurn.objects.exists()


def test_after_a_call_a_first_message_is_still_the_first(number, django_capture_on_commit_callbacks):
    welcome = document(
        {"key": "a", "kind": "message", "text": "Добро пожаловать!"}, triggers=[{"kind": "first_message"}]
    )
    make_published_scenario(number.bots.get(), welcome)
    receive(number, call_event(number, PHONE, "connect"), django_capture_on_commit_callbacks)

    receive(number, inbound_text(number, PHONE, "Привет"), django_capture_on_commit_callbacks)

    assert said() == ["Добро пожаловать!"]
