import pytest
from rest_framework.test import APIClient

from accounts.testing import make_colleague, make_owner
from crm.customers import customers
from crm.deals import deals
from crm.models import Message
from crm.testing import make_conversation, make_message
from crm.tests.calls import path, post, signed_in
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def addresses_of(business):
    conversation = make_conversation(make_number(business))
    deal = deals.create_deal(conversation.customer, "Cake")
    customers.add_tags(conversation.customer, ["vip"])
    return [
        path("customers", conversation.customer_id),
        path("tags", conversation.customer.tags.get().pk),
        path("deals", deal.pk),
        path("deal-stages", deal.stage_id),
        path("conversations", conversation.pk),
        path("conversations", conversation.pk, "messages"),
        path("messages", make_message(conversation).pk),
        path("whatsapp-numbers", conversation.whatsapp_number_id, "export"),
    ]


def test_strangers_find_nothing(api):
    answers = {address: api.get(address).status_code for address in addresses_of(make_owner().business)}

    assert set(answers.values()) == {404}, answers


def test_strangers_change_nothing(api):
    conversation = make_conversation()

    for verb in ("assign", "close", "reopen", "pause-bot", "resume-bot", "messages"):
        assert post(api, path("conversations", conversation.pk, verb), {"text": "Hello"}).status_code == 404
    assert not Message.objects.exists()


def test_the_anonymous_are_asked_to_sign_in(owner):
    answers = {address: APIClient().get(address).status_code for address in addresses_of(owner.business)}

    assert set(answers.values()) == {401}, answers


def test_an_operator_works_but_neither_deletes_nor_exports(owner):
    operator = signed_in(make_colleague(owner))
    *readable, export = addresses_of(owner.business)

    assert {operator.get(address).status_code for address in readable} == {200}
    assert {operator.delete(address).status_code for address in readable[:5]} == {403}
    assert operator.get(export).status_code == 403
