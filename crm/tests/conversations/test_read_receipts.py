"""When customers are shown that their messages were read, and that an answer is on its way."""

from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from kombu.exceptions import OperationalError as BrokerError

from accounts.testing import make_owner
from crm.conversations import conversations, outbox, read_receipts, recording
from crm.customers.merge import merge
from crm.models import Conversation
from crm.testing import make_change, make_conversation, make_inbound, make_message
from crm.tests.calls import path
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


@pytest.fixture
def conversation(number):
    """The customer has written “Are you open?”."""
    return receive(number, "Are you open?")


def receive(number, text, phone="+79161234567"):
    recording.record(number, make_change(make_inbound(phone, text)))
    return Conversation.objects.select_related("whatsapp_number").get(customer__phone=phone)


def set_receipts(number, when):
    number.read_receipts = when
    number.save()


def receipts(meta):
    """What Meta was asked to show: (wamid, whether typing) of each call."""
    return [
        (call.json["message_id"], "typing_indicator" in call.json) for call in meta.requests if "status" in call.json
    ]


def wamid_of(conversation):
    return conversation.messages.filter(direction="in").latest("id").wamid


def test_what_is_answered_is_shown_as_read(conversation, meta):
    outbox.reply(conversation, "Yes", None)

    assert receipts(meta) == [(wamid_of(conversation), False)]
    conversation.refresh_from_db()
    assert conversation.is_shown_read


@pytest.mark.parametrize("origin", ["person", "bot", "api"])
def test_whoever_answers(conversation, meta, origin):
    outbox.reply(conversation, "Yes", None, origin=origin)

    assert len(receipts(meta)) == 1


def test_several_answers_are_one_call(conversation, meta):
    for text in ["Yes", "until nine", "on Sundays too"]:
        outbox.reply(conversation, text, None)

    assert len(receipts(meta)) == 1


def test_the_next_message_is_shown_when_it_is_answered(number, conversation, meta):
    outbox.reply(conversation, "Yes", None)
    conversation = receive(number, "And on Sundays?")
    assert len(receipts(meta)) == 1

    outbox.reply(conversation, "Yes", None)

    assert receipts(meta)[1] == (wamid_of(conversation), False)


def test_the_reaction_of_a_customer_is_not_what_is_shown(number, conversation, meta):
    wamid = wamid_of(conversation)
    recording.record(number, make_change(make_inbound("+79161234567", "👍", type="reaction")))

    outbox.reply(conversation, "Yes", None)

    assert receipts(meta) == [(wamid, False)]


def test_a_first_message_to_somebody_who_never_wrote_shows_nothing(number, meta):
    conversation = make_conversation(number, last_inbound_at=None)

    conversations.after_answer(conversation)

    assert receipts(meta) == []


@pytest.mark.parametrize("when", ["never", "opened"])
def test_an_answer_shows_nothing_where_the_number_is_set_otherwise(number, conversation, meta, when):
    set_receipts(conversation.whatsapp_number, when)

    outbox.reply(conversation, "Yes", None)

    assert receipts(meta) == []


def statements_of_reply(conversation):
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        outbox.reply(conversation, "Yes", None)
        return len(queries)


def test_an_answer_takes_no_more_statements(conversation):
    conversation.whatsapp_number.read_receipts = "never"
    statements_of_reply(conversation)
    without = statements_of_reply(conversation)
    conversation.whatsapp_number.read_receipts = "answered"

    assert statements_of_reply(conversation) == without
    assert conversation.is_shown_read


def open_page(client, owner, conversation):
    client.force_login(owner)
    return client.get(reverse("admin:crm_conversation_change", args=[conversation.pk]))


def test_what_somebody_opens_is_shown_as_read_where_the_number_is_set_so(client, owner, conversation, meta):
    set_receipts(conversation.whatsapp_number, "opened")

    open_page(client, owner, conversation)
    open_page(client, owner, conversation)

    assert receipts(meta) == [(wamid_of(conversation), False)]


@pytest.mark.parametrize("when", ["never", "answered"])
def test_opening_shows_nothing_where_the_number_is_set_otherwise(client, owner, conversation, meta, when):
    set_receipts(conversation.whatsapp_number, when)

    open_page(client, owner, conversation)

    assert receipts(meta) == []


def test_what_meta_could_not_be_told_is_told_with_the_next_answer(conversation, meta, monkeypatch, caplog):
    monkeypatch.setattr(read_receipts, "_answers", lambda number_id, shown: [(pk, None) for pk, _wamid in shown])
    message = outbox.reply(conversation, "Yes", None)
    conversation.refresh_from_db()
    assert not conversation.is_shown_read
    monkeypatch.undo()

    outbox.reply(conversation, "until nine", None)

    message.refresh_from_db()
    assert message.status == "accepted"
    assert receipts(meta) == [(wamid_of(conversation), False)]


def test_a_number_that_may_not_send_shows_nothing_and_says_so_later(conversation, meta):
    conversation.whatsapp_number.is_active = False
    conversation.whatsapp_number.save()

    read_receipts.show_read([conversation.pk])

    assert receipts(meta) == []
    assert not Conversation.objects.get().is_shown_read


def test_typing_is_shown_while_there_is_no_answer(conversation, meta):
    read_receipts.show_typing(conversation.pk)
    assert receipts(meta) == [(wamid_of(conversation), True)]
    assert Conversation.objects.get().is_shown_read

    make_message(conversation, "Yes", direction="out")
    read_receipts.show_typing(conversation.pk)

    assert len(receipts(meta)) == 1


@pytest.mark.parametrize("when", ["never", "opened"])
def test_typing_is_not_shown_where_it_would_show_too_early_that_it_was_read(conversation, meta, when):
    set_receipts(conversation.whatsapp_number, when)

    read_receipts.show_typing(conversation.pk)

    assert receipts(meta) == []


def test_a_conversation_that_is_gone_is_left_alone(meta):
    read_receipts.show_read([0])
    read_receipts.show_typing(0)

    assert receipts(meta) == []


def test_the_api_sets_when(api, number):
    assert api.get(path("whatsapp-numbers", number.pk)).json()["read_receipts"] == "answered"

    changed = api.patch(path("whatsapp-numbers", number.pk), {"read_receipts": "opened"}, format="json")
    refused = api.patch(path("whatsapp-numbers", number.pk), {"read_receipts": "always"}, format="json")

    assert (changed.json()["read_receipts"], refused.status_code) == ("opened", 400)


@pytest.mark.parametrize("shown", [True, False])
def test_what_either_of_two_who_are_one_wrote_is_shown_with_the_next_answer(number, meta, shown):
    kept, gone = (receive(number, "Hello", phone) for phone in ("+79160000001", "+79160000002"))
    Conversation.objects.filter(pk=kept.pk).update(is_shown_read=True)
    Conversation.objects.filter(pk=gone.pk).update(is_shown_read=shown)

    with transaction.atomic():
        merge(kept.customer, gone.customer)

    assert Conversation.objects.get(pk=kept.pk).is_shown_read is shown


def typing_address(conversation):
    return reverse("admin:crm_conversation_typing", args=[conversation.pk])


def test_the_customer_sees_that_a_person_writes_an_answer(client, owner, conversation, meta):
    address = typing_address(conversation)
    assert f'data-typing="{address}"' in open_page(client, owner, conversation).text

    assert client.post(address).status_code == 204

    assert receipts(meta) == [(wamid_of(conversation), True)]


def test_a_number_that_shows_nothing_tells_no_customer_who_writes(client, owner, conversation, meta):
    set_receipts(conversation.whatsapp_number, "never")

    client.post(typing_address(conversation))

    assert receipts(meta) == []


def test_nobody_who_writes_an_answer_is_troubled_by_a_broker_that_is_away(client, owner, conversation, meta):
    client.force_login(owner)

    with patch("crm.admin.conversation_page.show_typing.delay", side_effect=BrokerError):
        assert client.post(typing_address(conversation)).status_code == 204


def test_a_stranger_does_not_type(client, conversation, meta):
    client.force_login(make_owner())

    assert client.post(typing_address(conversation)).status_code == 404
    assert receipts(meta) == []
