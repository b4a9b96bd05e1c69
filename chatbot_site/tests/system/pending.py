"""One of everything that would write to a customer or call somebody, as soon as a worker looks."""

from datetime import timedelta

from django.utils import timezone

from bots.models import BotCall, BotSession, BotTimer
from bots.runtime import turns
from bots.testing import make_bot, make_published_scenario
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.models import Message, ScheduledMessage
from crm.testing import make_conversation, make_customer, make_message, make_picture
from whatsapp.models import WebhookEvent
from whatsapp.testing import inbound_text


def make_pending(number):
    make_published_scenario(make_bot(number))
    make_pending_turns(number)
    make_pending_events(number)
    make_pending_messages(number)
    make_pending_broadcasts(number)


def a_while_ago():
    return timezone.now() - timedelta(minutes=5)


def make_pending_turns(number):
    """A timer that is due, a call that nobody has begun, and a message that the bot has not looked at."""
    for _ in range(2):
        conversation = make_conversation(number)
        make_message(conversation, "заказ")
        turns.take_turns(conversation.pk)
    Message.objects.filter(direction="out").update(status="sent")
    timed_out, calling = BotSession.objects.filter(ended_at=None)
    BotTimer.objects.filter(session=timed_out).update(due_at=a_while_ago())
    BotTimer.objects.filter(session=calling).delete()
    request = {"step": "size", "method": "POST", "url": "https://example.com/", "body": None}
    BotCall.objects.create(business=number.business, session=calling, turn=calling.turns, request=request)
    BotCall.objects.update(created_at=a_while_ago())
    forgotten = make_message(make_conversation(number), "заказ")
    Message.objects.filter(pk=forgotten.pk).update(created_at=a_while_ago())


def make_pending_events(number):
    """Messages of customers that nobody has recorded: one waits in line, one failed and comes back."""
    for phone, error in (("+79161110001", ""), ("+79161110002", "It failed.")):
        value = inbound_text(number, phone, "заказ из события")["entry"][0]["changes"][0]["value"]
        WebhookEvent.objects.create(
            business=number.business,
            whatsapp_number=number,
            field="messages",
            value=value,
            due_at=a_while_ago(),
            last_error=error,
        )


def make_pending_messages(number):
    """Replies that wait, that are under way, that wait for their file, and one whose time has come."""
    out = {"direction": "out", "wamid": None}
    make_message(make_conversation(number), "Ждёт", status="queued", **out)
    make_message(make_conversation(number), "В пути", status="sending", token="t1", lease_until=a_while_ago(), **out)
    picture = make_picture(make_conversation(number), direction="out", due_at=a_while_ago())
    Message.objects.filter(pk=picture.message_id).update(status="queued", wamid=None, due_at=picture.message.due_at)
    later = {"conversation": make_conversation(number), "send_at": a_while_ago(), "due_at": a_while_ago()}
    ScheduledMessage.objects.create(business=number.business, text="На потом", **later)


def make_pending_broadcasts(number):
    tomorrow = timezone.now() + timedelta(days=1)
    for name, fields in {
        "sending": {"status": "sending", "started_at": a_while_ago()},
        "due": {"status": "scheduled", "scheduled_at": a_while_ago()},
        "tomorrow": {"status": "scheduled", "scheduled_at": tomorrow},
        "paused": {"status": "paused", "started_at": a_while_ago(), "paused_reason": "Paused by Anna."},
        "planned": {"status": "planned"},
        "planning": {"status": "planning"},
    }.items():
        broadcast = make_broadcast(number, name=name, **fields)
        make_broadcast_message(broadcast, make_customer(number.business))
    sending = number.broadcasts.get(name="sending")
    under_way = {"status": "sending", "token": "t2", "lease_until": a_while_ago()}
    make_broadcast_message(sending, make_customer(number.business), **under_way)
