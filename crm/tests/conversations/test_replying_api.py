"""What is said in a conversation by API: quotes, reactions, notes, canned replies, and what goes out later."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_colleague, make_owner
from crm.models import Message, SavedReply, ScheduledMessage
from crm.testing import make_conversation, make_customer, make_message
from crm.tests.calls import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(owner, number):
    return make_conversation(number, make_customer(owner.business, name="Anna"))


@pytest.fixture
def say(api, conversation):
    """POST below the conversation."""
    return lambda what, **body: api.post(f"/api/v1/conversations/{conversation.pk}/{what}/", body, format="json")


def test_a_reply_quotes_what_it_answers(say, conversation):
    asked = make_message(conversation, "Is the cake ready?")

    answer = say("messages", text="On Friday", reply_to=asked.pk)

    message = Message.objects.get(direction="out")
    assert answer.json()["quoted"] == {"kind": "message", "id": asked.pk, "text": "Is the cake ready?"}
    assert message.cloud_api_message()["context"] == {"message_id": asked.wamid}


def test_what_is_said_elsewhere_cannot_be_quoted(say, number):
    elsewhere = make_message(make_conversation(number))

    answer = say("messages", text="On Friday", reply_to=elsewhere.pk)

    assert (answer.status_code, list(answer.json())) == (400, ["reply_to"])


def test_a_strangers_message_cannot_be_quoted(say):
    answer = say("messages", text="On Friday", reply_to=make_message().pk)

    assert (answer.status_code, list(answer.json())) == (400, ["reply_to"])


def test_a_reaction_is_no_answer(say, conversation):
    asked = make_message(conversation)
    conversation.waiting_since = timezone.now()
    conversation.save()

    answer = say("react", message=asked.pk, emoji="👍🏽")

    conversation.refresh_from_db()
    reaction = Message.objects.get(type="reaction")
    assert answer.status_code == 201
    assert reaction.cloud_api_message()["reaction"] == {"message_id": asked.wamid, "emoji": "👍🏽"}
    assert conversation.waiting_since and not conversation.bot_paused


def test_a_reaction_is_taken_back(say, conversation):
    asked = make_message(conversation)

    say("react", message=asked.pk, emoji="")

    assert Message.objects.get(type="reaction").content["reaction"]["emoji"] == ""


@pytest.mark.parametrize("emoji", ["ok", "👍 👍", "1"])
def test_a_reaction_is_one_emoji(say, conversation, emoji):
    answer = say("react", message=make_message(conversation).pk, emoji=emoji)

    assert (answer.status_code, list(answer.json())) == (400, ["emoji"])


@pytest.mark.parametrize("emoji", ["❤️", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣"])
def test_an_emoji_may_be_of_many_signs(say, conversation, emoji):
    assert say("react", message=make_message(conversation).pk, emoji=emoji).status_code == 201


def test_a_note_is_a_message_that_no_customer_sees(say, api, conversation):
    answer = say("notes", text="The address is the same")

    [listed] = api.get(f"/api/v1/conversations/{conversation.pk}/messages/").json()["results"]
    assert answer.status_code == 201
    assert (listed["type"], listed["direction"], listed["text"]) == ("note", "internal", "The address is the same")
    assert not Message.objects.filter(status="queued").exists()


def test_a_canned_reply_is_filled_in_for_the_customer(say, owner):
    reply = SavedReply.objects.create(
        business=owner.business, shortcut="hi", text='Hello, {{customer.name|default:"friend"}}!'
    )

    answer = say("messages", saved_reply=reply.pk)

    assert answer.json()["text"] == "Hello, Anna!"


def test_a_colleagues_own_reply_cannot_be_sent(say, owner):
    own = SavedReply.objects.create(
        business=owner.business, shortcut="hi", text="Hello", owner=make_colleague(owner, "operator")
    )

    answer = say("messages", saved_reply=own.pk)

    assert (answer.status_code, list(answer.json())) == (400, ["saved_reply"])


def test_what_is_for_later_is_no_message_yet(say):
    send_at = timezone.now() + timedelta(hours=1)

    answer = say("messages", text="Hello", send_at=send_at.isoformat(), cancel_if_customer_writes=True)

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert ScheduledMessage.objects.get().cancel_if_customer_writes
    assert not Message.objects.exists()


def test_what_is_for_later_is_listed_cancelled_and_sent_now(say, api, conversation):
    send_at = (timezone.now() + timedelta(hours=1)).isoformat()
    first, second = (say("messages", text=text, send_at=send_at).json()["id"] for text in ("One", "Two"))

    cancelled = api.post(f"/api/v1/scheduled-messages/{first}/cancel/")
    api.post(f"/api/v1/scheduled-messages/{second}/send-now/")

    listed = api.get(f"/api/v1/scheduled-messages/?conversation={conversation.pk}&state=cancelled").json()
    assert cancelled.json()["state"] == "cancelled"
    assert [row["id"] for row in listed["results"]] == [first]
    assert ScheduledMessage.objects.get(pk=second).due_at <= timezone.now()


def test_a_strangers_message_for_later_is_not_found(say):
    send_at = (timezone.now() + timedelta(hours=1)).isoformat()
    pk = say("messages", text="Hello", send_at=send_at).json()["id"]

    assert signed_in(make_owner()).post(f"/api/v1/scheduled-messages/{pk}/cancel/").status_code == 404
