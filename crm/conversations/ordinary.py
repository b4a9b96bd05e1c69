"""
Records the messages that are most of what comes: known people say something. Those of many changes are recorded
together, in as many statements as those of one; `recording` records whatever is not ordinary, element by element.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import takewhile
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.database.bulk_insert import insert_missing
from accounts.database.outages import is_outage
from accounts.database.prepared import PreparedQuery
from accounts.models import Business
from accounts.names import clean_name
from crm.customers import customers
from crm.models import Conversation, Customer, Message
from crm.models.message import EVENT_TYPES, MEDIA_TYPES
from whatsapp.models import WhatsAppNumber
from whatsapp.phone_numbers import canonical_phone
from whatsapp.webhooks.changes import Change, InboundMessage

from . import conversations, mailing_choice
from .details import ad_of

logger = logging.getLogger(__name__)

#: Messages of one change that are recorded with others. SQLite accepts 32,766 values in a statement.
MAX_MESSAGES = 20

#: What is read of a conversation and its customer.
_COLUMNS = (
    *("business_id", "whatsapp_number_id", "status", "unread", "is_shown_read", "last_inbound_at", "last_message_at"),
    *("waiting_since", "snoozed_until", "bot_paused", "bot_resumes_at", "inbound_count"),
    *(f"customer__{name}" for name in ("phone", "canonical_phone", "whatsapp_user_id", "username", "name", "ad")),
)


def is_ordinary(message: InboundMessage, business: Business) -> bool:
    """Whether a message only says something: no event, no file, no choice about mailings, no news of who sent it."""
    return bool(
        message.sender_phone
        and message.type not in (*EVENT_TYPES, *MEDIA_TYPES)
        and not message.new_phone
        and not message.new_user_id
        and mailing_choice.asked(message.text, business) is None
    )


def is_known(message: InboundMessage, customer: Customer) -> bool:
    """Whether a message tells nothing new of the customer with its sender's phone, who is nobody else's twin."""
    canonical, name = customer.canonical_phone, clean_name(message.profile_name)
    return (
        (canonical is None or canonical == canonical_phone(customer.phone or ""))
        and not customers.news_of(customer, message.sender_phone, message.sender_user_id, name, message.username)
        and (bool(customer.ad) or ad_of(message.content) is None)
    )


def record_first(number: WhatsAppNumber, changes: Sequence[Change]) -> tuple[int, list[int]]:
    """
    Record the first of these changes in one transaction, if they are ordinary. Returns how many these are, and the ids
    of the conversations with new messages.
    """
    first = list(takewhile(partial(_is_ordinary, business=number.business), changes))
    while first:
        try:
            return _record_together(number, first)
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("%d changes could not be recorded together.", len(first))
        first = first[: len(first) // 2]
    return 0, []


def _is_ordinary(change: Change, business: Business) -> bool:
    others = change.preferences or change.user_id_changes or change.echoes or change.calls
    return (
        not others
        and 0 < len(change.messages) <= MAX_MESSAGES
        and all(is_ordinary(message, business) for message in change.messages)
    )


@transaction.atomic
def _record_together(number: WhatsAppNumber, changes: list[Change]) -> tuple[int, list[int]]:
    # Load.
    known = _lock_known(number, {message.sender_phone or "" for change in changes for message in change.messages})

    # Decide.
    changes = list(takewhile(partial(_is_of_known, known=known), changes))
    inbounds: dict[str, InboundMessage] = {}
    for inbound in (message for change in changes for message in change.messages):
        inbounds.setdefault(inbound.wamid, inbound)
    messages = [new_message(known[inbound.sender_phone], inbound) for inbound in inbounds.values()]

    # Write.
    recorded = insert_missing(messages, once="wamid")
    with conversations.saving_once(*known.values()):
        for message in recorded:
            conversations.note_inbound(message.conversation, message.timestamp)
    return len(changes), list(dict.fromkeys(message.conversation_id for message in recorded))


def _lock_known(number: WhatsAppNumber, phones: set[str]) -> dict[str | None, Conversation]:
    """The conversations of the customers with these phones, by phone, locked until the transaction ends."""
    found = _conversations_of(len(phones)).fetch(number.pk, number.business_id, *phones)
    return {conversation.customer.phone: conversation for conversation in found}


@lru_cache
def _conversations_of(count: int) -> PreparedQuery[Conversation]:
    """The conversations of so many phones, locked in order so that nobody deadlocks."""

    def build(number_id: int, business_id: int, *phones: str) -> Any:
        of_number = Conversation.objects.filter(whatsapp_number=number_id)
        of_people = of_number.filter(customer__business=business_id, customer__phone__in=phones)
        with_customer = of_people.select_related("customer").only(*_COLUMNS)
        return with_customer.select_for_update(of=("self",)).order_by("pk")

    return PreparedQuery(build, int, int, *[str] * count)


def _is_of_known(change: Change, known: dict[str | None, Conversation]) -> bool:
    return all(
        message.sender_phone in known and is_known(message, known[message.sender_phone].customer)
        for message in change.messages
    )


def new_message(conversation: Conversation, inbound: InboundMessage) -> Message:
    """The row of a message that came by webhook. Events wait for no bot."""
    now = timezone.now()
    return Message(
        business_id=conversation.business_id,
        whatsapp_number_id=conversation.whatsapp_number_id,
        conversation=conversation,
        direction=Message.Direction.IN,
        origin=Message.Origin.CUSTOMER,
        status=Message.Status.RECEIVED,
        wamid=inbound.wamid,
        type=inbound.type,
        text=inbound.text,
        content=inbound.content,
        context_wamid=inbound.context_wamid or "",
        timestamp=min(inbound.timestamp, now),
        automated_at=now if inbound.type in EVENT_TYPES else None,
    )
