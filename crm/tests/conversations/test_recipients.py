"""Whom WhatsApp knows by another phone than was written to is known by that one from then on."""

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from crm.conversations import outbox
from crm.customers import customers
from crm.models import Customer, Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.sending import delivery
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

TYPED, METAS = "+5511990009045", "+551190009045"


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


@pytest.fixture
def ana(meta):
    """Somebody whom Meta knows without the ninth digit."""
    return meta.simulator.add_customer("Ana", METAS)


def write_to(number, phone):
    message = make_message(make_conversation(number, make_customer(number.business, phone=phone)), direction="out")
    Message.objects.filter(pk=message.pk).update(status="queued", wamid=None)
    delivery.deliver(Message, number.pk)
    message.refresh_from_db()
    return message


def test_a_customer_is_known_by_the_phone_in_the_answer_to_a_send(number, ana):
    message = write_to(number, TYPED)

    assert message.status == "accepted"
    customer = Customer.objects.get()
    assert (customer.phone, customer.search_text) == (METAS, METAS)


def test_the_next_message_goes_to_that_phone_and_costs_no_more(number, ana, meta):
    conversation = write_to(number, TYPED).conversation
    conversation.refresh_from_db()
    outbox.reply(conversation, "Hi", None)

    with CaptureQueriesContext(connection) as queries:
        delivery.deliver(Message, number.pk)

    assert meta.sends[-1]["to"] == METAS
    assert not [query for query in queries if '"customers"."phone" IN' in query["sql"]]


def test_whoever_has_that_phone_is_the_same_person(number, ana):
    known = make_customer(number.business, phone="+551190009045", name="Ana")
    customers.opt_out(known)
    Customer.objects.filter(pk=known.pk).update(canonical_phone=METAS)

    message = write_to(number, TYPED)

    customer = Customer.objects.get()
    assert (customer, customer.name, customer.phone, customer.opted_out) == (known, "Ana", METAS, True)
    assert message.conversation.customer == known


def test_who_is_known_by_the_phone_that_was_written_to_is_left_alone(number, meta):
    write_to(number, "+79161234567")

    assert Customer.objects.get().phone == "+79161234567"


def test_the_message_is_sent_also_when_that_cannot_be_noted(number, ana, settings):
    settings.WHATSAPP_RECIPIENT_HANDLER = f"{__name__}.fail"

    assert write_to(number, TYPED).status == "accepted"
    assert Customer.objects.get().phone == TYPED


def fail(number, recipient):
    raise DatabaseError


def test_another_business_keeps_the_phone_that_it_knows(number, ana):
    stranger = make_customer(phone=TYPED)

    write_to(number, TYPED)

    stranger.refresh_from_db()
    assert stranger.phone == TYPED


def test_without_effect_for_a_phone_that_nobody_has_any_more():
    customer = make_customer(phone="+79161234567")

    customers.recognise(customer.business, TYPED, METAS, None)

    assert Customer.objects.get().phone == "+79161234567"


def test_a_user_id_that_comes_with_another_phone_is_known_from_then_on():
    customer = make_customer(phone=TYPED)
    by_user_id = make_customer(customer.business, phone=None, whatsapp_user_id="BR.1", name="Ana")

    customers.recognise(customer.business, TYPED, METAS, "BR.1")

    customer = Customer.objects.get()
    assert (customer.phone, customer.whatsapp_user_id, customer.name) == (METAS, "BR.1", by_user_id.name)
