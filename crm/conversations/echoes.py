"""Records what the owner of a number wrote to customers in the WhatsApp Business app, on their own phone."""

from django.db import transaction
from django.utils import timezone

from crm.customers import customers
from crm.media import media
from crm.models import Conversation, Message
from whatsapp.models import WhatsAppNumber
from whatsapp.sending import ledger
from whatsapp.webhooks.changes import Echo

from . import conversations


@transaction.atomic
def record(number: WhatsAppNumber, echo: Echo) -> None:
    """
    Record an echo as a message of ours, which counts as an answer by hand; a reaction, edit or revoke counts as
    nothing. A message that is here already, whoever sent it, is left alone.
    """
    if ledger.has_message(number.pk, echo.wamid):
        return
    customer = customers.get_or_create(number.business, echo.recipient_phone, echo.recipient_user_id)
    conversation = conversations.lock(number, customer, begun_at=echo.timestamp)
    # Somebody else may have recorded it before the conversation was ours.
    if ledger.has_message(number.pk, echo.wamid):
        return
    message = _new_message(conversation, echo)
    message.save()
    media.schedule_fetch(message)
    if not message.is_event:
        conversations.note_answer(conversation, message.timestamp)


def _new_message(conversation: Conversation, echo: Echo) -> Message:
    written_at = min(echo.timestamp, timezone.now())
    return Message(
        business_id=conversation.business_id,
        whatsapp_number_id=conversation.whatsapp_number_id,
        conversation=conversation,
        direction=Message.Direction.OUT,
        origin=Message.Origin.PHONE,
        status=Message.Status.SENT,
        accepted_at=written_at,
        sent_at=written_at,
        wamid=echo.wamid,
        type=echo.type,
        text=echo.text,
        content=echo.content,
        context_wamid=echo.context_wamid,
        timestamp=written_at,
    )
