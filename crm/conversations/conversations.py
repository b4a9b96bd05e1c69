"""What is done with a conversation."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm.models import Conversation, Customer
from whatsapp.models import WhatsAppNumber


def get_or_create(number: WhatsAppNumber, customer: Customer) -> Conversation:
    """The conversation of a customer with a number, begun when there is none."""
    conversation, _created = Conversation.objects.get_or_create(
        whatsapp_number=number, customer=customer, defaults={"business_id": number.business_id}
    )
    return conversation


def lock(number: WhatsAppNumber, customer: Customer, begun_at: datetime) -> Conversation:
    """The conversation, begun at a time when there is none, and locked until the transaction around this ends."""
    conversations = Conversation.objects.select_for_update().filter(whatsapp_number=number, customer=customer)
    conversation = conversations.first()
    if conversation is None:
        conversations.get_or_create(
            whatsapp_number=number,
            customer=customer,
            defaults={"business": number.business, "last_message_at": begun_at},
        )
        conversation = conversations.get()
    conversation.whatsapp_number, conversation.customer = number, customer
    return conversation


def note_inbound(conversation: Conversation, at: datetime) -> None:
    """The customer wrote or called at a time: it opens, as does the 24-hour window. Call it under `lock`."""
    change(
        conversation,
        status=Conversation.Status.OPEN,
        unread=conversation.unread + 1,
        last_inbound_at=max(conversation.last_inbound_at or at, at),
        last_message_at=max(conversation.last_message_at, at),
    )


def note_answer(conversation: Conversation, at: datetime) -> None:
    """
    A person answered at a time in another program: the bot pauses, and what the customer had written by then is read.
    The window is as the customer left it. Call it under `lock`.
    """
    pause_bot(conversation)
    wrote_later = conversation.last_inbound_at is not None and conversation.last_inbound_at > at
    change(
        conversation,
        unread=conversation.unread if wrote_later else 0,
        last_message_at=max(conversation.last_message_at, at),
    )


def assign(conversation: Conversation, user: User | None) -> None:
    """Say who answers here; None: nobody in particular. Raises ValidationError for a person of another business."""
    if user and user.business_id != conversation.business_id:
        raise ValidationError({"user": _("This person does not exist.")})
    change(conversation, assignee=user)


def close(conversation: Conversation) -> None:
    """Take it off the list of open conversations, until the customer writes again."""
    change(conversation, status=Conversation.Status.CLOSED, unread=0)


def reopen(conversation: Conversation) -> None:
    """Put it back on the list of open conversations."""
    change(conversation, status=Conversation.Status.OPEN)


def pause_bot(conversation: Conversation) -> None:
    """Have a person answer here; bots are silent until `resume_bot`."""
    change(conversation, bot_paused=True)


def resume_bot(conversation: Conversation) -> None:
    """Have bots answer here again. Nothing else does: neither time nor closing the conversation."""
    change(conversation, bot_paused=False)


def mark_read(conversation: Conversation) -> None:
    """Somebody looks at it: nothing is unread."""
    if conversation.unread:
        change(conversation, unread=0)


def change(conversation: Conversation, **values: Any) -> None:
    """Save these fields, and no others."""
    for field, value in values.items():
        setattr(conversation, field, value)
    conversation.save(update_fields=list(values))
