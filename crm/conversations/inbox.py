"""What customers send is written down here: once per message id, in the order in which it came."""

import logging

from django.db import transaction
from django.utils import timezone, translation

from accounts.database.outages import is_outage
from crm.customers import customers
from crm.customers.opt_out import asks_to_stop
from crm.media import media
from crm.models import Conversation, Message

from .message_summaries import readable

logger = logging.getLogger(__name__)


def record(number, change):
    """
    Write down the messages and preferences of a webhook's change that came to a number. Returns the ids of the
    conversations with messages for automation to look at, in the order in which they came.

    What is known already is left alone, so this may be called any number of times, also at once. An element that
    cannot be recorded does not stop the others; the change is to be repeated for it.
    """
    conversation_ids, troubles = [], []
    with translation.override(number.business.language):
        for message in change.messages:
            try:
                conversation_ids += record_message(number, message)
            except Exception as trouble:
                if is_outage(trouble):
                    raise
                logger.exception("The message %s could not be recorded.", message.wamid)
                troubles.append(trouble)
        for preference in change.preferences:
            record_preference(number, preference)
    if troubles:
        raise troubles[0]
    return list(dict.fromkeys(conversation_ids))


@transaction.atomic
def record_message(number, inbound):
    """Write one message down. Returns the id of its conversation, in a list, if automation is to look at it."""
    known_as = sender(number, inbound)
    customer = customers.identify(number.business, **known_as)
    conversation = locked_conversation(number, customer, begun_at=inbound.timestamp)
    # Nobody else writes into this conversation now, so nothing comes between the look and the insert.
    if is_recorded(number, inbound):
        return []
    customers.complete(customer, **known_as)
    message = new_message(conversation, inbound)
    if message.is_event:
        message.automated_at = timezone.now()
    elif asks_to_stop(message.text):
        customers.opt_out(customer)
    message.save()
    media.expect(message)
    note_in_conversation(conversation, message)
    return [] if message.automated_at else [conversation.pk]


def is_recorded(number, inbound):
    return Message.objects.filter(whatsapp_number=number, wamid=inbound.wamid).exists()


def sender(number, inbound):
    """How the sender is known: phone, user id and name. Whoever tells of a new phone is known by it from now on."""
    old, new = inbound.sender_phone, inbound.new_phone
    if new and old and not is_recorded(number, inbound):
        customers.change_phone(number.business, old, new)
    # With a new phone WhatsApp gives a new user id; the old one is nobody's.
    user_id = None if new and old else inbound.sender_user_id
    return {"phone": new or old, "user_id": user_id, "name": inbound.profile_name}


def locked_conversation(number, customer, begun_at):
    """The conversation, begun when there is none, kept from others until this transaction ends."""
    conversations = Conversation.objects.select_for_update().filter(whatsapp_number=number, customer=customer)
    conversation = conversations.first()
    if conversation is None:
        conversations.get_or_create(
            whatsapp_number=number,
            customer=customer,
            defaults={"business": number.business, "last_message_at": begun_at},
        )
        conversation = conversations.get()
    return conversation


def new_message(conversation, inbound):
    return Message(
        business_id=conversation.business_id,
        whatsapp_number_id=conversation.whatsapp_number_id,
        conversation=conversation,
        direction=Message.Direction.IN,
        origin=Message.Origin.CUSTOMER,
        status=Message.Status.RECEIVED,
        wamid=inbound.wamid,
        type=inbound.type,
        text=inbound.text or readable(inbound.type, inbound.content),
        content=inbound.content,
        context_wamid=inbound.context_wamid or "",
        timestamp=min(inbound.timestamp, timezone.now()),
    )


def note_in_conversation(conversation, message):
    """A real message opens the conversation and the 24-hour window, and is unread."""
    if message.is_event:
        return
    conversation.status = Conversation.Status.OPEN
    conversation.unread += 1
    conversation.last_inbound_at = max(conversation.last_inbound_at or message.timestamp, message.timestamp)
    conversation.last_message_at = max(conversation.last_message_at, message.timestamp)
    conversation.save(update_fields=["status", "unread", "last_inbound_at", "last_message_at"])


def leave_to_people():
    """Have automation look at no message that is here: for a database from a backup. Returns how many waited."""
    waiting = Message.objects.filter(direction=Message.Direction.IN, automated_at__isnull=True)
    return waiting.update(automated_at=timezone.now())


@transaction.atomic
def record_preference(number, preference):
    """A customer stopped or resumed marketing messages in WhatsApp itself (Webhooks, "user_preferences")."""
    customer = customers.find_or_make(number.business, preference.phone, preference.user_id)
    if preference.wants_marketing:
        customers.opt_in(customer)
    else:
        customers.opt_out(customer)
