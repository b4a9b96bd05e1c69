"""Records calls with customers as lines of their conversations, which people see unread and bots do not answer."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.customers import customers
from crm.models import Conversation, Message
from whatsapp.models import WhatsAppNumber
from whatsapp.webhooks.changes import Call

from . import conversations


@transaction.atomic
def record(number: WhatsAppNumber, call: Call) -> None:
    """
    Record a call once, when it begins or when it has ended, whichever is told first; its end says what became of it.
    A call by the customer opens the 24-hour window (Cloud API, "Customer service windows").
    """
    if _is_recorded(number, call):
        return
    customer = customers.get_or_create(number.business, call.phone, call.user_id, call.profile_name)
    conversation = conversations.lock(number, customer, begun_at=call.timestamp)
    # Somebody else may have recorded it before the conversation was ours.
    if _is_recorded(number, call):
        return
    message = _new_message(conversation, call)
    message.save()
    if call.is_inbound:
        conversations.note_inbound(conversation, message.timestamp, is_for_people=True)
    else:
        latest = max(conversation.last_message_at, message.timestamp)
        conversations.change(conversation, last_message_at=latest)


def _is_recorded(number: WhatsAppNumber, call: Call) -> bool:
    """Whether the call is recorded; if so, its end is written into it."""
    message = Message.objects.filter(whatsapp_number=number, wamid=call.wamid).first()
    if message and call.has_ended and _awaits_end(message):
        message.content = call.content
        message.save(update_fields=["content"])
    return message is not None


def _awaits_end(message: Message) -> bool:
    facts = message.content.get("call") if message.type == "call" else None
    return isinstance(facts, dict) and facts.get("event") != "terminate"


def _new_message(conversation: Conversation, call: Call) -> Message:
    now = timezone.now()
    of_direction: dict[str, Any] = {
        "direction": Message.Direction.OUT,
        "origin": Message.Origin.API,
        "status": Message.Status.SENT,
    }
    if call.is_inbound:
        of_direction = {
            "direction": Message.Direction.IN,
            "origin": Message.Origin.CUSTOMER,
            "status": Message.Status.RECEIVED,
            "automated_at": now,
        }
    return Message(
        business_id=conversation.business_id,
        whatsapp_number_id=conversation.whatsapp_number_id,
        conversation=conversation,
        wamid=call.wamid,
        type="call",
        content=call.content,
        timestamp=min(call.timestamp, now),
        **of_direction,
    )
