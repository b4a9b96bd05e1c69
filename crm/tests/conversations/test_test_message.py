"""A number's page of test messages: a text in the window, or a template, to a phone."""

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.testing import make_colleague, make_owner
from crm.models import Customer, Message
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture
def owner(client):
    owner = make_owner(language="en")
    client.force_login(owner)
    return owner


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def address(number):
    return reverse("admin:crm_test_message", args=[number.pk])


def send(client, number, idempotency_key=None, **fields):
    return client.post(
        address(number),
        {"idempotency_key": idempotency_key or uuid4(), "phone": "8 916 123-45-67", "text": "Test", **fields},
    )


def send_template(client, number, template, **fields):
    values = {
        "template": template.pk,
        "template-idempotency_key": uuid4(),
        "template-phone": "8 916 123-45-67",
        "template-parameter-1": "Anna",
        **fields,
    }
    return client.post(address(number), values)


def make_open(number):
    return make_conversation(number, make_customer(number.business, phone=PHONE), last_inbound_at=timezone.now())


def test_the_page_of_a_number_leads_there(client, owner, number):
    page = client.get(reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk]))
    assert address(number) in page.text
    assert client.get(address(number)).status_code == 200


def test_a_text_goes_to_whoever_wrote_today_and_leaves_the_bot_alone(client, owner, number):
    conversation = make_open(number)
    answer = send(client, number)
    assert answer.url == reverse("admin:crm_conversation_change", args=[conversation.pk])
    message = Message.objects.get()
    assert (message.text, message.status, message.origin, message.author) == ("Test", "queued", "person", owner)
    conversation.refresh_from_db()
    assert not conversation.bot_paused


def test_a_text_to_somebody_who_did_not_write_is_refused_and_leaves_nothing(client, owner, number):
    answer = send(client, number)
    assert "24 hours" in answer.text
    assert not Message.objects.exists()
    assert not Customer.objects.exists()


def test_a_template_goes_to_anybody(client, owner, number):
    template = make_template(number, "Hello {{1}}!")
    send_template(client, number, template)
    message = Message.objects.get()
    assert (message.text, message.conversation.customer.phone) == ("Hello Anna!", PHONE)


def test_looking_at_a_template_sends_nothing_and_keeps_what_was_typed(client, owner, number):
    template = make_template(number, "Hello {{1}}!")
    page = send_template(client, number, template, preview="1")
    assert "Hello Anna!" in page.text
    assert "8 916 123-45-67" in page.text
    assert not Message.objects.exists()


def test_a_double_click_sends_once(client, owner, number):
    make_open(number)
    key = uuid4()
    first, second = send(client, number, key), send(client, number, key)
    assert first.url == second.url
    assert Message.objects.count() == 1


@pytest.mark.parametrize("fields", [{"phone": "12"}, {"phone": ""}, {"text": ""}])
def test_what_cannot_be_sent_is_said_on_its_field(client, owner, number, fields):
    page = send(client, number, **fields)
    assert list(page.context["form"].errors) == list(fields)
    assert not Message.objects.exists()


def test_a_number_that_is_off_says_so(client, owner, number):
    number.is_active = False
    number.save()
    make_open(number)
    assert "switched off" in client.get(address(number)).text
    send(client, number)
    assert not Message.objects.exists()


@pytest.mark.parametrize("template", ["x", "99999"])
def test_a_template_that_there_is_not_is_404(client, owner, number, template):
    assert client.get(address(number), {"template": template}).status_code == 404


def test_an_operator_may_send_one_and_a_stranger_may_not(client, owner, number):
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert client.get(address(number)).status_code == 200
    client.force_login(make_owner())
    assert client.get(address(number)).status_code == 404
    make_open(number)
    assert send(client, number).status_code == 404
    assert not Message.objects.exists()


def test_a_template_that_no_number_names_is_not_found(client, number):
    assert client.get(address(number), {"template": "9" * 5000}).status_code == 404
