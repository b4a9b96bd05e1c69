"""Rows of a business for tests."""

from itertools import count

from django.utils import timezone

from accounts.testing import make_business
from whatsapp.testing import make_number, new_wamid
from whatsapp.webhook_parsing import Change, InboundMessage

from .models import Conversation, Customer, Message

_serial = count(1)


def make_customer(business=None, **fields):
    fields.setdefault("phone", f"+7916{next(_serial):07}")
    return Customer.objects.create(business=business or make_business(), **fields)


def make_conversation(number=None, customer=None, **fields):
    """A conversation whose customer wrote a moment ago, so that the window is open."""
    number = number or make_number(make_business())
    fields.setdefault("last_inbound_at", timezone.now())
    return Conversation.objects.create(
        business=number.business,
        whatsapp_number=number,
        customer=customer or make_customer(number.business),
        **fields,
    )


def make_message(conversation=None, text="Hello", direction="in", **fields):
    """A message in, or with `direction="out"` one that a person sent."""
    conversation = conversation or make_conversation()
    inbound = direction == "in"
    return Message.objects.create(
        business=conversation.business,
        whatsapp_number=conversation.whatsapp_number,
        conversation=conversation,
        direction=direction,
        text=text,
        **{
            "origin": "customer" if inbound else "person",
            "status": "received" if inbound else "sent",
            "type": "text",
            "content": {"type": "text", "text": {"body": text}},
            "wamid": new_wamid(),
            **fields,
        },
    )


def make_inbound(phone="+79161234567", text="Hello", type="text", **fields):
    """A message as the webhook parser hands it over."""
    defaults = {
        "wamid": new_wamid(),
        "sender_phone": phone,
        "sender_user_id": None,
        "profile_name": "Anna",
        "timestamp": timezone.now(),
        "type": type,
        "text": text,
        "choice_id": None,
        "context_wamid": "",
        "content": {"type": type, type: {"body": text}},
    }
    return InboundMessage(**(defaults | fields))


def make_change(*messages, preferences=()):
    return Change("messages", value={}, messages=messages, preferences=tuple(preferences))
