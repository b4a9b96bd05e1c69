from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.refusals import Refusal
from accounts.testing import make_business, make_owner
from crm.conversations import outbox
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db


def make_closed_window(**fields):
    return make_conversation(last_inbound_at=timezone.now() - timedelta(hours=24, seconds=1), **fields)


def test_a_reply_is_queued_as_cloud_api_wants_it():
    conversation = make_conversation()

    message = outbox.reply(conversation, "  Добрый день ", author=None)

    assert (message.status, message.direction, message.origin) == ("queued", "out", "person")
    assert message.text == "Добрый день"
    assert message.cloud_api_message() == {
        "type": "text",
        "text": {"body": "Добрый день"},
        "to": conversation.customer.phone,
    }


def test_a_persons_reply_names_its_author_pauses_the_bot_and_assigns_nobody():
    owner = make_owner()
    conversation = make_conversation(make_number(owner.business))

    message = outbox.reply(conversation, "Hello", author=owner)

    conversation.refresh_from_db()
    assert message.author == owner
    assert (conversation.bot_paused, conversation.assignee) == (True, None)


def test_a_reply_may_leave_the_bot_alone():
    conversation = make_conversation()

    outbox.reply(conversation, "Hello", author=None, pause_bot=False)

    conversation.refresh_from_db()
    assert not conversation.bot_paused


def test_free_text_after_24_hours_is_refused_and_changes_nothing():
    conversation = make_closed_window()

    with pytest.raises(Refusal) as refusal:
        outbox.reply(conversation, "Hello", author=None)

    assert (refusal.value.code, refusal.value.status) == ("window_closed", 400)
    conversation.refresh_from_db()
    assert not conversation.bot_paused
    assert not Message.objects.exists()


def test_a_template_goes_out_after_24_hours():
    conversation = make_closed_window()
    template = make_template(conversation.whatsapp_number, "Hello {{1}}!", name="greeting")

    message = outbox.reply_with_template(conversation, template, {"1": "Anna"}, author=None)

    assert (message.status, message.type, message.text) == ("queued", "template", "Hello Anna!")
    assert message.cloud_api_message() == {
        "type": "template",
        "template": {
            "name": "greeting",
            "language": {"code": "en"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Anna"}]}],
        },
        "to": conversation.customer.phone,
    }


@pytest.mark.parametrize("pause_bot", [True, False])
def test_a_template_pauses_the_bot_unless_asked_not_to(pause_bot):
    conversation = make_conversation()
    template = make_template(conversation.whatsapp_number, "Hello!")

    outbox.reply_with_template(conversation, template, {}, author=None, pause_bot=pause_bot)

    conversation.refresh_from_db()
    assert conversation.bot_paused == pause_bot


def refused_template(conversation, template, parameters):
    with pytest.raises(ValidationError) as error:
        outbox.reply_with_template(conversation, template, parameters, author=None)
    assert not Message.objects.exists()
    return error.value.message_dict


def test_a_template_of_another_account_is_refused():
    conversation = make_closed_window()
    other = make_template(make_number(conversation.business), "Hello!")

    assert "template" in refused_template(conversation, other, {})


def test_a_template_of_another_business_with_the_same_account_is_refused():
    conversation = make_closed_window()
    other = make_template(make_number(make_business(), waba_id=conversation.whatsapp_number.waba_id), "Hello!")

    assert "template" in refused_template(conversation, other, {})


@pytest.mark.parametrize("status", ["PENDING", "REJECTED", "PAUSED", "DELETED", "NEW_WORD_OF_META", ""])
def test_a_template_that_is_not_approved_is_refused(status):
    conversation = make_closed_window()
    template = make_template(conversation.whatsapp_number, "Hello!", status=status)

    assert "template" in refused_template(conversation, template, {})


def test_a_template_that_cannot_be_filled_in_here_is_refused():
    conversation = make_closed_window()
    template = make_template(conversation.whatsapp_number, "Hello!", {"type": "CAROUSEL", "cards": []})

    assert "template" in refused_template(conversation, template, {})


def test_the_missing_parameters_of_a_template_are_named():
    conversation = make_closed_window()
    template = make_template(conversation.whatsapp_number, "Hello {{1}}, order {{2}}!")

    sentences = refused_template(conversation, template, {"1": "Anna"})["parameters"]
    assert [sentence.partition(":")[0] for sentence in sentences] == ["2"]


def test_no_template_is_sent_through_a_number_that_is_switched_off():
    conversation = make_closed_window(number=make_number(make_business(), is_active=False))

    with pytest.raises(Refusal) as refusal:
        outbox.reply_with_template(conversation, make_template(conversation.whatsapp_number, "Hi"), {}, author=None)

    assert refusal.value.code == "number_inactive"


def test_nothing_is_sent_through_a_number_that_is_switched_off():
    conversation = make_conversation(make_number(make_business(), is_active=False))

    with pytest.raises(Refusal) as refusal:
        outbox.reply(conversation, "Hello", author=None)

    assert refusal.value.code == "number_inactive"


def test_nothing_is_sent_for_a_suspended_business():
    conversation = make_conversation()
    conversation.business.is_suspended = True
    conversation.business.save()

    with pytest.raises(Refusal) as refusal:
        outbox.reply(Conversation.objects.get(), "Hello", author=None)

    assert refusal.value.code == "suspended"


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4097])
def test_a_text_has_1_to_4096_characters(text):
    with pytest.raises(ValidationError) as error:
        outbox.reply(make_conversation(), text, author=None)

    assert "text" in error.value.message_dict


def test_writing_first_continues_the_conversation_with_a_known_phone():
    conversation = make_conversation()

    message = outbox.write_first(conversation.whatsapp_number, "Hello", author=None, phone=conversation.customer.phone)

    assert message.conversation == conversation


def test_writing_first_outside_the_window_leaves_no_customer_behind():
    with pytest.raises(Refusal):
        outbox.write_first(make_number(make_business()), "Hello", author=None, phone="+79161234567")

    assert not Customer.objects.exists()
    assert not Conversation.objects.exists()


def test_writing_first_with_a_template_begins_a_conversation_with_somebody_new():
    number = make_number(make_business())
    template = make_template(number, "Hello {{1}}!")

    message = outbox.write_first(
        number, "", author=None, phone="+79161234567", template=template, parameters={"1": "Anna"}
    )

    assert message.text == "Hello Anna!"
    assert message.conversation.customer.phone == "+79161234567"
