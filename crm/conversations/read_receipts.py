"""
Shows customers that their messages were read, and that an answer is on its way (Cloud API, "Mark messages as read",
"Typing indicators"). No answer waits for it; what fails is logged, and done with the next answer.
"""

import logging
from collections.abc import Collection, Iterable

from django.db.models import OuterRef, QuerySet, Subquery

from crm.models import Conversation, Message
from crm.models.message import EVENT_TYPES, NOTE_TYPE
from whatsapp.graph.client import CloudApi
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.graph.pool import Answer, call_all
from whatsapp.graph.requests import build_mark_read
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate
from whatsapp.sending.outcomes import NUMBER_WAITS

logger = logging.getLogger(__name__)

#: The id of a conversation, and the wamid of its customer's last message.
_Shown = tuple[int, str]


def show_read(conversation_ids: Collection[int]) -> None:
    """Have Meta show the messages of these conversations' customers as read. Call it outside of any transaction."""
    latest = _messages_of(OuterRef("pk")).filter(direction=Message.Direction.IN).values("wamid")[:1]
    rows = Conversation.objects.filter(pk__in=conversation_ids).annotate(wamid=Subquery(latest))
    to_show: dict[int, list[_Shown]] = {}
    for conversation_id, number_id, wamid in rows.order_by().values_list("pk", "whatsapp_number", "wamid"):
        if wamid:
            to_show.setdefault(number_id, []).append((conversation_id, wamid))
    for number_id, shown in to_show.items():
        if failed := _show_all(number_id, shown):
            Conversation.objects.filter(pk__in=failed).update(is_shown_read=False)


def _show_all(number_id: int, shown: list[_Shown]) -> list[int]:
    """Tell Meta through a number. Returns the conversations of which it is to be tried again."""
    return [
        conversation_id
        for conversation_id, answer in _answers(number_id, shown)
        if answer is None or (isinstance(answer, Exception) and not _is_done(conversation_id, answer))
    ]


def _answers(number_id: int, shown: list[_Shown]) -> Iterable[tuple[int, Answer | UnreadableSecret | None]]:
    """Pairs of a conversation and what Meta answered; None: the number may not send."""
    try:
        number = send_gate.sendable(number_id)
        if number is None:
            return [(conversation_id, None) for conversation_id, _wamid in shown]
        token, sender = number.access_token, number.phone_number_id
        return call_all([(pk, build_mark_read(token, sender, wamid)) for pk, wamid in shown])
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        return [(conversation_id, trouble) for conversation_id, _wamid in shown]


def show_typing(conversation_id: int) -> None:
    """
    Have Meta show a customer that an answer is on its way, if there is none yet, and if they may see that their
    message was read, which is shown with it. Call it outside of any transaction.
    """
    conversation = _find(conversation_id)
    message = conversation and _messages_of(conversation).first()
    if not conversation or not message or message.direction == Message.Direction.OUT:
        return
    at_answers = conversation.whatsapp_number.read_receipts == WhatsAppNumber.ReadReceipts.ANSWERED
    if (at_answers or conversation.is_shown_read) and _post(conversation, message, typing=True):
        Conversation.objects.filter(pk=conversation_id, unread=conversation.unread).update(is_shown_read=True)


def _find(conversation_id: int) -> Conversation | None:
    return Conversation.objects.select_related("whatsapp_number").filter(pk=conversation_id).first()


def _messages_of(conversation: Conversation | OuterRef) -> QuerySet[Message]:
    """What was said, the latest first."""
    said = Message.objects.filter(conversation=conversation).exclude(type__in=[*EVENT_TYPES, NOTE_TYPE])
    return said.order_by("-timestamp", "-pk")


def _post(conversation: Conversation, message: Message, typing: bool = False) -> bool:
    """Tell Meta. Returns whether that is done, and not to be tried again."""
    try:
        number = send_gate.sendable(conversation.whatsapp_number_id)
        if number is None:
            return False
        CloudApi(number.access_token).mark_read(number.phone_number_id, message.wamid or "", typing)
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        return _is_done(conversation.pk, trouble)
    return True


def _is_done(conversation_id: int, trouble: Exception) -> bool:
    """Whether it is not to be tried again after this trouble."""
    logger.warning("The messages of conversation %s are not shown as read: %s", conversation_id, trouble)
    return isinstance(trouble, CloudApiError) and trouble.action not in NUMBER_WAITS
