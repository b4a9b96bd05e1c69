"""Records what customers send, and what else webhooks say of them: once per id, in the order in which it came."""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.database.outages import is_outage
from crm.customers import customers
from crm.media import media
from crm.models import Customer, Message
from crm.models.message import EVENT_TYPES, MEDIA_TYPES
from whatsapp.models import WhatsAppNumber
from whatsapp.webhooks.changes import Change, InboundMessage, Preference, UserIdChange

from . import calls, conversations, echoes, mailing_choice, ordinary
from .details import ad_of

logger = logging.getLogger(__name__)


def record_first(number: WhatsAppNumber, changes: Sequence[Change]) -> tuple[int, list[int]]:
    """
    Record the first of the changes that came to a number: together with those after it as long as they are ordinary,
    else by itself. Returns how many were recorded, and what `record` returns.
    """
    count, conversation_ids = ordinary.record_first(number, changes)
    return (count, conversation_ids) if count else (1, record(number, changes[0]))


def record(number: WhatsAppNumber, change: Change) -> list[int]:
    """
    Record the messages, echoes, calls and preferences of a webhook's change that came to a number. Returns the ids of
    the conversations with messages for automation to look at, in the order in which they came.

    What is recorded already is left alone, so this may be called any number of times, also concurrently. An element
    that cannot be recorded does not stop the others; the first exception is raised at the end, so that the change is
    processed again.
    """
    conversation_ids, errors = [], []
    for element, record_element in _recorders(change):
        try:
            conversation_ids.append(record_element(number, element))
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("The message %s could not be recorded.", element.wamid)
            errors.append(error)
    for preference in change.preferences:
        _record_preference(number, preference)
    for renamed in change.user_id_changes:
        _record_user_id_change(number, renamed)
    if errors:
        raise errors[0]
    return [pk for pk in dict.fromkeys(conversation_ids) if pk is not None]


def _recorders(change: Change) -> list[tuple[Any, Callable[[WhatsAppNumber, Any], int | None]]]:
    """The elements of a change, each with what records it."""
    return [
        *((message, _record_message) for message in change.messages),
        *((echo, echoes.record) for echo in change.echoes),
        *((call, calls.record) for call in change.calls),
    ]


@transaction.atomic
def _record_message(number: WhatsAppNumber, inbound: InboundMessage) -> int | None:
    """Record one message. Returns the id of its conversation when automation is to look at it."""
    # Load.
    customer, known = _identify_sender(number, inbound)
    conversation = conversations.lock(number, customer, begun_at=inbound.timestamp)
    # Nobody else writes into this conversation now, so nothing comes between this check and the insert.
    if _is_recorded(number, inbound):
        return None

    # Decide.
    is_event = inbound.type in EVENT_TYPES
    message = ordinary.new_message(conversation, inbound)
    ad = None if customer.ad else ad_of(inbound.content)
    wants_mailings = None if is_event else mailing_choice.asked(inbound.text, number.business)

    # Write.
    if known:
        customers.update(customer, **known)
    if ad:
        customers.update(customer, ad=dataclasses.asdict(ad))
    has_chosen = wants_mailings is not None and customers.choose_mailings(customer, wants_mailings)
    message.save()
    if inbound.type in MEDIA_TYPES:
        media.schedule_fetch(message)
    if is_event:
        return None
    conversations.note_inbound(conversation, message.timestamp)
    if wants_mailings is not None and has_chosen:
        mailing_choice.confirm(conversation, wants_mailings)
    return conversation.pk


def _is_recorded(number: WhatsAppNumber, inbound: InboundMessage) -> bool:
    return Message.objects.filter(whatsapp_number=number, wamid=inbound.wamid).exists()


def _identify_sender(number: WhatsAppNumber, inbound: InboundMessage) -> tuple[Customer, dict[str, str]]:
    """The sender, by `customers.identify`. Who tells of a new phone or user id is known by it from now on."""
    phone, user_id = inbound.sender_phone, inbound.sender_user_id
    if inbound.new_user_id:
        if user_id and not _is_recorded(number, inbound):
            customers.change_user_id(number.business, user_id, inbound.new_user_id)
        user_id = inbound.new_user_id
    if inbound.new_phone:
        if phone and not _is_recorded(number, inbound):
            customers.change_phone(number.business, phone, inbound.new_phone)
        # With a new phone WhatsApp gives a new user id; the old one is nobody's.
        phone, user_id = inbound.new_phone, None if phone else user_id
    return customers.identify(number.business, phone, user_id, inbound.profile_name, inbound.username)


@transaction.atomic
def _record_preference(number: WhatsAppNumber, preference: Preference) -> None:
    """A customer stopped or resumed marketing messages in WhatsApp itself (Webhooks, "user_preferences")."""
    customer, known = customers.identify(number.business, preference.phone, preference.user_id)
    if known:
        customers.update(customer, **known)
    customers.choose_mailings(customer, preference.wants_marketing)


@transaction.atomic
def _record_user_id_change(number: WhatsAppNumber, change: UserIdChange) -> None:
    """Somebody has another WhatsApp user id from now on (Webhooks, "user_id_update")."""
    customers.change_user_id(number.business, change.previous, change.current)


def skip_automation() -> int:
    """Have bots answer none of the messages that are stored: for a restored database. Returns how many waited."""
    waiting = Message.objects.filter(direction=Message.Direction.IN, automated_at__isnull=True)
    return waiting.update(automated_at=timezone.now())
