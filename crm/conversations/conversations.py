"""What is done with a conversation."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm.models import Conversation, Customer
from whatsapp.models import WhatsAppNumber

from .tasks import show_read


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
    """Somebody looks at it: nothing is unread, and the customer is shown so if the number is set so."""
    values: dict[str, Any] = {"unread": 0} if conversation.unread else {}
    values |= _show_read(conversation, WhatsAppNumber.ReadReceipts.OPENED)
    if values:
        change(conversation, **values)


def after_answer(conversation: Conversation) -> dict[str, bool]:
    """
    Show the customer that what is answered was read, once this transaction is committed, if the number is set so.
    Returns the columns of the conversation that whoever answers has to write.
    """
    return _show_read(conversation, WhatsAppNumber.ReadReceipts.ANSWERED)


def _show_read(conversation: Conversation, moment: str) -> dict[str, bool]:
    is_due = conversation.last_inbound_at and not conversation.is_shown_read
    if not is_due or conversation.whatsapp_number.read_receipts != moment:
        return {}
    show_read.delay_on_commit(conversation.pk)  # type: ignore[attr-defined]
    return {"is_shown_read": True}


def change(conversation: Conversation, **values: Any) -> None:
    """Save these fields, and no others."""
    for field, value in values.items():
        setattr(conversation, field, value)
    conversation.save(update_fields=list(values))
