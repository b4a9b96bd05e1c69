"""What is done with a conversation."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.models import Conversation


def with_customer(number, customer):
    """The conversation of a customer with a number, begun when there is none."""
    conversation, _begun = Conversation.objects.get_or_create(
        whatsapp_number=number, customer=customer, defaults={"business_id": number.business_id}
    )
    return conversation


def assign(conversation, user):
    """Say who answers here; None: nobody in particular."""
    if user and user.business_id != conversation.business_id:
        raise ValidationError({"user": _("This person does not exist.")})
    change(conversation, assignee=user)


def close(conversation):
    """Done for now: it leaves the list of open conversations until the customer writes again."""
    change(conversation, status=Conversation.Status.CLOSED, unread=0)


def reopen(conversation):
    change(conversation, status=Conversation.Status.OPEN)


def pause_bot(conversation):
    """A person answers here; bots are silent."""
    change(conversation, bot_paused=True)


def resume_bot(conversation):
    change(conversation, bot_paused=False)


def mark_read(conversation):
    if conversation.unread:
        change(conversation, unread=0)


def change(conversation, **values):
    for field, value in values.items():
        setattr(conversation, field, value)
    conversation.save(update_fields=list(values))
