"""The composer's addresses in the admin, for scripts and without."""

from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_owner
from crm.conversations import scheduled
from crm.models import Message, ScheduledMessage
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(owner):
    customer = make_customer(owner.business, name="Anna", attributes={"order": "881"})
    return make_conversation(make_number(owner.business), customer)


@pytest.fixture
def post(client, owner, conversation):
    """POST a form of the conversation as a script does."""
    client.force_login(owner)

    def post(what="reply", *args, **data):
        address = reverse(f"admin:crm_conversation_{what}", args=[conversation.pk, *args])
        return client.post(address, {"idempotency_key": uuid4(), **data}, headers={"X-Part": "composer"})

    return post


def test_a_script_hears_that_it_was_done(post):
    assert post(text="Hello").json() == {"done": True, "problems": []}
    assert Message.objects.get().text == "Hello"


def test_a_script_hears_why_it_was_not(post, conversation):
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    answer = post(text="Hello").json()

    assert not answer["done"] and "24 hours" in answer["problems"][0]


def test_a_form_that_is_sent_again_is_done_and_says_nothing_twice(post):
    key = uuid4()

    answers = [post(text="Hello", idempotency_key=key).json()["done"] for _time in range(2)]

    assert answers == [True, True]
    assert Message.objects.count() == 1


def test_a_note_is_written_while_the_window_is_closed(post, conversation, owner):
    conversation.last_inbound_at = None
    conversation.save()

    post(text="She moved", mode="note")

    note = Message.objects.get()
    assert (note.type, note.direction, note.author) == ("note", "internal", owner)


def test_a_reply_quotes_a_message_of_this_conversation(post, conversation):
    asked = make_message(conversation)

    post(text="Hello", reply_to=asked.pk)

    assert Message.objects.get(direction="out").context_wamid == asked.wamid


def test_a_reply_quotes_no_message_of_another_conversation(post):
    assert not post(text="Hello", reply_to=make_message().pk).json()["done"]


def test_a_reaction_stands_at_its_message(post, client, conversation):
    asked = make_message(conversation)

    assert post("react", message=asked.pk, emoji="👍").json()["done"]

    html = client.get(reverse("admin:crm_conversation_change", args=[conversation.pk])).text
    assert '<p class="reactions"><span class="visually-hidden">Reactions:</span> 👍</p>' in html


def test_a_time_is_in_the_zone_of_the_business(post, owner):
    owner.business.time_zone = "Asia/Vladivostok"
    owner.business.save()
    at = timezone.now() + timedelta(hours=3)
    local = at.astimezone(ZoneInfo("Asia/Vladivostok"))

    post(text="Hello", send_at=f"{local:%Y-%m-%dT%H:%M}")

    assert ScheduledMessage.objects.get().send_at == at.replace(second=0, microsecond=0)


@pytest.mark.parametrize("verb, state", [("cancel", "cancelled"), ("send_now", "waiting")])
def test_a_message_for_later_stands_above_the_box_with_its_buttons(post, client, conversation, owner, verb, state):
    row = scheduled.schedule(conversation, owner, timezone.now() + timedelta(hours=1), text="See you at six")
    assert "See you at six" in client.get(reverse("admin:crm_conversation_change", args=[conversation.pk])).text

    post("scheduled", row.pk, verb=verb)

    row.refresh_from_db()
    assert row.state == state


def test_a_message_for_later_of_another_conversation_is_not_found(post, owner):
    other = make_conversation(make_number(owner.business))
    row = scheduled.schedule(other, owner, timezone.now() + timedelta(hours=1), text="See you at six")

    assert post("scheduled", row.pk, verb="cancel").status_code == 404


def test_a_template_begins_with_what_is_known_of_the_customer(client, post, conversation):
    template = make_template(
        conversation.whatsapp_number, "Hello {{customer_name}}, order {{order}}: {{status}}.", parameter_format="NAMED"
    )

    html = client.get(
        reverse("admin:crm_conversation_template", args=[conversation.pk]), {"template": template.pk}
    ).text

    assert "Hello Anna, order 881: {{status}}." in html


def test_a_template_goes_out_later(post, conversation):
    template = make_template(conversation.whatsapp_number, "Hello {{1}}.")
    at = timezone.localtime() + timedelta(hours=30)

    post(
        "template",
        **{
            "template": template.pk,
            "template-idempotency_key": uuid4(),
            "template-parameter-1": "Anna",
            "template-send_at": f"{at:%Y-%m-%dT%H:%M}",
        },
    )

    row = ScheduledMessage.objects.get()
    assert (row.text, row.parameters) == ("Hello Anna.", {"1": "Anna"})


def test_strangers_find_nothing(client, conversation):
    client.force_login(make_owner())

    for view in ("reply", "react"):
        address = reverse(f"admin:crm_conversation_{view}", args=[conversation.pk])
        assert client.post(address, {"text": "Hello"}).status_code == 404
    for view in ("offers", "composer"):
        assert client.get(reverse(f"admin:crm_conversation_{view}", args=[conversation.pk])).status_code == 404
