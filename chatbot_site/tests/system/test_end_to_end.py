"""
From a signed webhook to the answer at Meta's door and its ticks, over real HTTP: Django's live server on one side, the
simulated Cloud API on the other.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from accounts.testing import make_business, make_owner
from bots.testing import document, make_bot, make_published_scenario
from chatbot_site.tests.system.processes import wait_until
from crm.models import Conversation, Customer, Message
from whatsapp.simulator import inbound as said
from whatsapp.simulator.graph import faults
from whatsapp.testing import WEBHOOK_PATH, inbound, inbound_text, make_number, message_from, sign

ANNA = "+79161234567"
BORIS = "+79265550011"

#: Answers every message with what it said.
ECHO = document({"key": "echo", "kind": "end", "text": "Вы написали: {{message.text}}"})

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def number(meta, owner):
    """A number at Meta whose bot echoes."""
    number = make_number(owner.business)
    make_published_scenario(make_bot(number), ECHO)
    meta.connect(number)
    return number


def post(live_server, payload, secret):
    body = json.dumps(payload).encode()
    return requests.post(
        live_server.url + WEBHOOK_PATH,
        data=body,
        headers={"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, secret)},
        timeout=30,
    )


def texts(direction):
    return list(Message.objects.filter(direction=direction).order_by("id").values_list("text", flat=True))


def test_signed_webhook_is_stored_and_answered(live_server, meta, number):
    answer = post(live_server, inbound_text(number, ANNA, "Привет"), number.app_secret)

    assert answer.status_code == 200
    assert texts("in") == ["Привет"]
    assert meta.texts_to(ANNA) == ["Вы написали: Привет"]


def test_same_webhook_posted_five_times_at_once_is_one_message_and_one_answer(live_server, meta, number):
    payload = inbound_text(number, ANNA, "Привет")

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: post(live_server, payload, number.app_secret), range(5)))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert texts("in") == ["Привет"]
    assert meta.texts_to(ANNA) == ["Вы написали: Привет"]


def test_webhooks_of_many_people_at_once_are_each_answered_once(live_server, meta, number):
    people = [f"+7916000{serial:04}" for serial in range(12)]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda phone: post(live_server, inbound_text(number, phone, phone), number.app_secret), people))

    # Meta's own posts of statuses may have taken a person's message over.
    wait_until(lambda: all(meta.texts_to(phone) for phone in people))
    assert sorted(texts("in")) == people
    assert [meta.texts_to(phone) for phone in people] == [[f"Вы написали: {phone}"] for phone in people]


def test_five_messages_of_a_person_in_one_post_are_answered_in_order(live_server, meta, number):
    messages = [message_from(ANNA, "text", {"body": text}) for text in "12345"]

    post(live_server, inbound(number, ANNA, *messages), number.app_secret)

    assert texts("in") == list("12345")
    assert meta.texts_to(ANNA) == [f"Вы написали: {text}" for text in "12345"]


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha256=ёлка", "0" * 64])
def test_webhook_that_is_not_signed_is_refused_and_not_stored(live_server, number, signature):
    answer = requests.post(
        live_server.url + WEBHOOK_PATH,
        json=inbound_text(number, ANNA, "Привет"),
        headers={"X-Hub-Signature-256": signature.encode()},
        timeout=30,
    )

    assert answer.status_code == 401
    assert not Message.objects.exists()


def test_secret_of_one_business_stores_nothing_for_another(live_server, meta, number):
    stranger = make_number(make_business())
    meta.connect(stranger)
    payload = inbound_text(number, ANNA, "Подделка")
    payload["entry"] += inbound_text(stranger, ANNA, "Своё")["entry"]

    post(live_server, payload, stranger.app_secret)

    assert texts("in") == ["Своё"]
    assert not Conversation.objects.filter(whatsapp_number=number).exists()
    assert meta.sent_to(ANNA) == []


def test_statuses_become_ticks(live_server, meta, number):
    meta.customer_writes(number, ANNA, "Привет")

    wait_until(lambda: Message.objects.filter(direction="out", status="read").exists())

    message = Message.objects.get(direction="out")
    assert message.sent_at and message.delivered_at and message.read_at


def test_message_that_fails_at_meta_shows_why(live_server, meta, number):
    meta.faults.on_send(faults.failing_later(131026, "Message undeliverable"))
    meta.customer_writes(number, ANNA, "Привет")

    wait_until(lambda: Message.objects.filter(direction="out", status="failed").exists())

    assert Message.objects.get(direction="out").error_code == 131026


def test_lost_answer_is_settled_by_the_status_and_not_sent_again(live_server, meta, number):
    meta.faults.on_send(faults.closed_after_accepting)
    meta.customer_writes(number, ANNA, "Привет")

    wait_until(lambda: Message.objects.filter(direction="out", status="read").exists())

    assert meta.texts_to(ANNA) == ["Вы написали: Привет"]


def test_tapped_button_of_a_menu_goes_on_in_its_scenario(live_server, meta, owner):
    number = make_number(owner.business)
    choices = [{"key": "s", "label": "S", "next": "small"}, {"key": "m", "label": "M", "next": "medium"}]
    scenario = document(
        {"key": "size", "kind": "menu", "text": "Размер?", "choices": choices},
        {"key": "small", "kind": "end", "text": "Маленький"},
        {"key": "medium", "kind": "end", "text": "Средний"},
    )
    make_published_scenario(make_bot(number), scenario)
    meta.connect(number)

    meta.customer_writes(number, ANNA, "Привет")
    wait_until(lambda: meta.sent_to(ANNA))
    [menu] = meta.sent_to(ANNA)
    choice = menu["interactive"]["action"]["buttons"][1]["reply"]
    meta.customer_writes(number, ANNA, said.button_reply(choice["id"], choice["title"]))
    wait_until(lambda: len(meta.sent_to(ANNA)) == 2)

    assert meta.texts_to(ANNA) == ["Размер?", "Средний"]


def test_operators_answer_reaches_the_customer_and_silences_the_bot(live_server, meta, owner, number, client):
    meta.customer_writes(number, ANNA, "Привет")
    wait_until(lambda: meta.sent_to(ANNA))
    conversation = Conversation.objects.get()
    client.force_login(owner)

    answer = client.post(
        f"/api/v1/conversations/{conversation.pk}/messages/", {"text": "Сейчас подойду"}, "application/json"
    )
    sent = meta.customer_writes(number, ANNA, "Жду")
    wait_until(lambda: sent.status == "taken")

    assert answer.status_code == 201
    assert meta.texts_to(ANNA) == ["Вы написали: Привет", "Сейчас подойду"]


def test_deactivated_number_keeps_what_comes_in_and_sends_nothing(live_server, meta, owner, number, client):
    client.force_login(owner)
    client.post(f"/api/v1/whatsapp-numbers/{number.pk}/deactivate/")

    post(live_server, inbound_text(number, ANNA, "Есть кто?"), number.app_secret)

    assert texts("in") == ["Есть кто?"]
    assert texts("out") == []
    assert meta.sent_to(ANNA) == []


def test_activated_again_the_number_answers(live_server, meta, owner, number, client):
    client.force_login(owner)
    client.post(f"/api/v1/whatsapp-numbers/{number.pk}/deactivate/")
    client.post(f"/api/v1/whatsapp-numbers/{number.pk}/activate/")

    post(live_server, inbound_text(number, ANNA, "Привет"), number.app_secret)

    assert meta.texts_to(ANNA) == ["Вы написали: Привет"]


def test_deleting_a_number_leaves_customers_and_the_other_number(live_server, meta, owner, number, client):
    other = make_number(owner.business)
    make_published_scenario(make_bot(other), ECHO)
    meta.connect(other)
    post(live_server, inbound_text(number, ANNA, "Раз"), number.app_secret)
    post(live_server, inbound_text(other, BORIS, "Два"), other.app_secret)
    client.force_login(owner)

    answer = client.delete(f"/api/v1/whatsapp-numbers/{number.pk}/")

    assert answer.status_code == 204
    assert texts("in") == ["Два"]
    assert Customer.objects.filter(business=owner.business).count() == 2
