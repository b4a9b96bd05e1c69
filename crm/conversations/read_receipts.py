"""
Shows customers that their messages were read, and that an answer is on its way (Cloud API, "Mark messages as read",
"Typing indicators"). No answer waits for it; what fails is logged, and done with the next answer.
"""

import logging

from django.db.models import QuerySet

from crm.models import Conversation, Message
from crm.models.message import EVENT_TYPES
from whatsapp.graph.client import CloudApi
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate
from whatsapp.sending.outcomes import NUMBER_WAITS

logger = logging.getLogger(__name__)


def show_read(conversation_id: int) -> None:
    """Have Meta show a customer's messages as read. Call it outside of any transaction."""
    conversation = _find(conversation_id)
    message = conversation and _messages(conversation).filter(direction=Message.Direction.IN).first()
    if conversation and message and not _post(conversation, message):
        Conversation.objects.filter(pk=conversation_id).update(is_shown_read=False)


def show_typing(conversation_id: int) -> None:
    """
    Have Meta show a customer that an answer is on its way, if there is none yet, and if they may see that their
    message was read, which is shown with it. Call it outside of any transaction.
    """
    conversation = _find(conversation_id)
    message = conversation and _messages(conversation).first()
    if not conversation or not message or message.direction == Message.Direction.OUT:
        return
    at_answers = conversation.whatsapp_number.read_receipts == WhatsAppNumber.ReadReceipts.ANSWERED
    if (at_answers or conversation.is_shown_read) and _post(conversation, message, typing=True):
        Conversation.objects.filter(pk=conversation_id, unread=conversation.unread).update(is_shown_read=True)


def _find(conversation_id: int) -> Conversation | None:
    return Conversation.objects.select_related("whatsapp_number").filter(pk=conversation_id).first()


def _messages(conversation: Conversation) -> QuerySet[Message]:
    """What was said, the latest first."""
    return conversation.messages.exclude(type__in=EVENT_TYPES).order_by("-timestamp", "-pk")


def _post(conversation: Conversation, message: Message, typing: bool = False) -> bool:
    """Tell Meta. Returns whether that is done, and not to be tried again."""
    try:
        number = send_gate.sendable(conversation.whatsapp_number_id)
        if number is None:
            return False
        CloudApi(number.access_token).mark_read(number.phone_number_id, message.wamid or "", typing)
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        logger.warning("The messages of conversation %s are not shown as read: %s", conversation.pk, trouble)
        return isinstance(trouble, CloudApiError) and trouble.action not in NUMBER_WAITS
    return True
