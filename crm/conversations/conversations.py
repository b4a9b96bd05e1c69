"""What is done with a conversation."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    if conversation.unsaved_fields is None:
        conversation.save(update_fields=list(values))
    else:
        conversation.unsaved_fields |= values.keys()


@contextmanager
def saving_once(conversation: Conversation) -> Iterator[None]:
    """Save what is changed in this block by one statement at its end; after an exception nothing is saved."""
    conversation.unsaved_fields = set()
    try:
        yield
        if conversation.unsaved_fields:
            conversation.save(update_fields=conversation.unsaved_fields)
    finally:
        conversation.unsaved_fields = None
