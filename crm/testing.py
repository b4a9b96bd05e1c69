"""Rows of a business for tests."""

from collections.abc import Iterable
from hashlib import sha256
from itertools import count
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import Business
from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.simulator import inbound as simulated_inbound
from whatsapp.simulator.media import Media
from whatsapp.testing import PNG, make_number, new_wamid
from whatsapp.webhooks.changes import Change, InboundMessage, Preference

from .models import Conversation, Customer, MediaFile, Message

_serial = count(1)


def make_customer(business: Business | None = None, **fields: Any) -> Customer:
    fields.setdefault("phone", f"+7916{next(_serial):07}")
    return Customer.objects.create(business=business or make_business(), **fields)


def make_conversation(
    number: WhatsAppNumber | None = None, customer: Customer | None = None, **fields: Any
) -> Conversation:
    """A conversation whose customer wrote a moment ago, so that the window is open."""
    number = number or make_number(make_business())
    fields.setdefault("last_inbound_at", timezone.now())
    return Conversation.objects.create(
        business=number.business,
        whatsapp_number=number,
        customer=customer or make_customer(number.business),
        **fields,
    )


def make_message(
    conversation: Conversation | None = None, text: str = "Hello", direction: str = "in", **fields: Any
) -> Message:
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


def make_picture(
    conversation: Conversation | None = None,
    content: bytes = PNG,
    name: str = "",
    mime: str = "image/png",
    direction: str = "in",
    **fields: Any,
) -> MediaFile:
    """The MediaFile of a message with a stored file: a picture unless it has another type."""
    content_of_message = {"type": "image", "image": {"id": "1", "mime_type": mime}}
    text = "" if direction == "in" else "Photo"
    message = make_message(conversation, text, direction, type="image", content=content_of_message)
    return MediaFile.objects.create(
        business=message.business,
        message=message,
        file=ContentFile(content, name="x"),
        name=name,
        mime=mime,
        size=len(content),
        sha256=sha256(content).hexdigest(),
        **{"state": "stored", **fields},
    )


def make_expected(number: WhatsAppNumber, media: Media, caption: str = "", **fields: Any) -> MediaFile:
    """The MediaFile of a customer's message whose file is at the simulated Meta, and is due to be fetched."""
    conversation = make_conversation(number)
    element = simulated_inbound.file(media, caption)
    message = make_message(conversation, caption, type=element["type"], content=element)
    return MediaFile.objects.create(
        business=number.business,
        message=message,
        **{"meta_id": media.id, "mime": media.mime, "due_at": timezone.now(), **fields},
    )


def make_inbound(
    phone: str | None = "+79161234567", text: str = "Hello", type: str = "text", **fields: Any
) -> InboundMessage:
    """A message as the webhook parser returns it."""
    defaults: dict[str, Any] = {
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


def make_change(*messages: InboundMessage, preferences: Iterable[Preference] = ()) -> Change:
    """A change of a webhook with these messages, as its parser returns it."""
    return Change("messages", value={}, messages=messages, preferences=tuple(preferences))
