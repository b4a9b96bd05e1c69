"""Two beats fire every tick twice. Whatever is due is done once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.jobs.ticks import Look
from accounts.models import ApiToken
from accounts.testing import make_owner
from bots.models import BotTimer
from bots.runtime import turns
from bots.testing import make_bot, make_published_scenario
from broadcasts.testing import make_broadcast, make_broadcast_message
from chatbot_site import ticks
from chatbot_site.celery import app
from chatbot_site.tests.tenancy.world import snapshot
from crm.conversations import exports
from crm.models import ConversationExport, Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import QuickSetup, WebhookEvent
from whatsapp.testing import inbound_text, make_number

pytestmark = pytest.mark.django_db

TICKS = app.conf.beat_schedule

PHONE = "+79161234567"


@pytest.fixture
def business(meta):
    """A business where there is something to do for many ticks."""
    owner = make_owner()
    number = make_number(owner.business)
    meta.connect(number)
    make_published_scenario(make_bot(number))
    a_while_ago = timezone.now() - timedelta(minutes=5)

    timed_out = make_conversation(number)
    make_message(timed_out, "заказ")
    turns.take_turns(timed_out.pk)
    BotTimer.objects.filter(kind="timeout").update(due_at=a_while_ago)
    Message.objects.filter(direction="out").update(status="sent")

    forgotten = make_message(make_conversation(number))
    Message.objects.filter(pk=forgotten.pk).update(created_at=a_while_ago)
    event(number, due_at=a_while_ago)
    event(number, processed_at=timezone.now() - timedelta(days=40))
    make_message(make_conversation(number), direction="out", status="queued", wamid=None)
    make_message(
        make_conversation(number), direction="out", status="sending", wamid=None, lease_until=a_while_ago, token="t"
    )
    make_broadcast(number, status="sending")
    make_broadcast(number, status="planning", audience={"everyone": True})
    make_broadcast(number, status="scheduled", scheduled_at=a_while_ago)
    cancelled = make_broadcast(number, status="cancelled")
    make_broadcast_message(cancelled, make_customer(owner.business))
    exports.request(number, owner, "csv")
    old = exports.request(number, owner, "jsonl")
    ConversationExport.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    QuickSetup.objects.create(business=owner.business, created_by=owner, waba_id="1", access_token="t")
    QuickSetup.objects.update(created_at=timezone.now() - timedelta(days=2))
    ApiToken.objects.create(user=owner, name="Old", expiry=timedelta(seconds=-1))
    return owner.business


def event(number, **fields):
    value = inbound_text(number, PHONE, "заказ")["entry"][0]["changes"][0]["value"]
    return WebhookEvent.objects.create(
        business=number.business, whatsapp_number=number, field="messages", value=value, **fields
    )


def fire_tick(name):
    import_string(TICKS[name]["task"])(*TICKS[name].get("args", []))


@pytest.mark.parametrize("name", TICKS)
def test_a_tick_that_fires_twice_does_its_work_once(name, business, meta, django_capture_on_commit_callbacks):
    def fire():
        with django_capture_on_commit_callbacks(execute=True):
            fire_tick(name)
        return snapshot(business), len(meta.sends)

    assert fire() == fire()


#: Ticks for which the business above holds something that is due.
BUSY = [
    "process webhook events: what is due",
    "jobs of files: what is due",
    "jobs of inbound: what is due",
    "settle sends whose lease ran out",
    "send messages that are due",
    "delete what jobs keep no longer",
    "end broadcasts of which nothing is left",
    "start broadcasts whose time has come",
    "skip what is left of cancelled broadcasts",
    "take bot turns that are due",
    "delete what has expired",
]


@pytest.mark.parametrize("name", BUSY)
def test_there_was_work_to_do(name, business, django_capture_on_commit_callbacks):
    before = snapshot(business)
    with django_capture_on_commit_callbacks(execute=True):
        fire_tick(name)
    assert snapshot(business) != before


@pytest.mark.parametrize("name", BUSY)
def test_a_tick_with_work_to_do_is_given(name, business):
    assert name not in Look(ticks.sought()).idle()
