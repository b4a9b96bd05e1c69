"""The demo business of `up --demo`."""

import pytest
from django.utils import timezone

from accounts.models import Business, User
from bots.models import BotScenario, ScenarioVersion
from broadcasts.models import Broadcast
from chatbot_site.demo import running, story
from crm.models import Conversation, Customer, Deal, Message
from whatsapp.models import WhatsAppNumber, outbound_models
from whatsapp.sending import delivery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start(meta, settings):
    """Start the demo beside its simulator on a free port, and stop it again."""

    def start():
        with running.running(0, "http://127.0.0.1:1") as url:
            return url

    # The numbers are checked at the simulator of the test, which knows their token too.
    return start


def test_the_owner_signs_in_with_the_printed_password(start, client):
    start()
    login = {"username": story.OWNER["email"], "password": story.PASSWORD}
    assert client.post("/admin/login/?next=/admin/", login).url == "/admin/"


def test_there_is_something_of_everything_to_look_at(start):
    start()
    assert WhatsAppNumber.objects.count() == 2
    assert Customer.objects.count() == 12
    assert Conversation.objects.count() == len(story.CHATS)
    assert Deal.objects.count() == len(story.DEALS)
    assert Broadcast.objects.get(status="done").messages.count() == len(story.RECIPIENTS)
    assert Broadcast.objects.get(status="planned").messages.filter(status="planned").count() > 3
    assert ScenarioVersion.objects.count() == BotScenario.objects.count() == 2


def test_what_failed_says_why_in_a_sentence(start):
    start()
    for model in outbound_models():
        assert "(Meta: 131026" in model.objects.get(status="failed").error_title


def test_a_second_start_keeps_everything_as_it_is(start):
    start()
    User.objects.filter(email=story.OWNER["email"]).update(name="Renamed")
    messages = Message.objects.count()
    start()
    assert Business.objects.count() == 1
    assert Message.objects.count() == messages
    assert User.objects.get(email=story.OWNER["email"]).name == "Renamed"


def test_nothing_of_the_history_is_sent_or_answered_again(start):
    start()
    for model in outbound_models():
        assert not delivery.numbers_with_due_rows(model)
    assert not Message.objects.filter(direction="in", automated_at=None).exists()


def test_the_history_lies_in_the_past(start):
    start()
    assert not Message.objects.filter(timestamp__gt=timezone.now()).exists()
    assert not Conversation.objects.filter(last_message_at__gt=timezone.now()).exists()


def test_somebody_waits_for_an_answer_inside_the_24_hours(start):
    start()
    waiting = [conversation for conversation in Conversation.objects.filter(unread__gt=0) if conversation.window_open]
    assert waiting


def test_every_message_of_the_broadcast_has_its_fate(start):
    start()
    skipped = Broadcast.objects.get(status="done").messages.get(status="skipped")
    assert skipped.customer.opted_out
    assert skipped.skip_reason == "opted_out"
