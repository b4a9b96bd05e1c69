"""
What happens to what whatsapp learns: crm records a message that came by webhook, then bots answer it; and crm knows a
customer by what Meta knows them by.
"""

from collections.abc import Sequence
from typing import Any

from celery import Signature

from bots.runtime.tasks import take_turns
from crm.conversations import recording
from crm.customers import customers
from whatsapp.graph.answers import Recipient
from whatsapp.models import WhatsAppNumber
from whatsapp.webhooks.changes import Change


def handle(number: WhatsAppNumber, changes: Sequence[Change]) -> tuple[int, list[Signature[Any]]]:
    """
    Record the first of the changes that came to a number, and those after it that can be recorded with it. Returns how
    many these are, and the tasks of bots for the conversations with new messages.
    """
    count, conversation_ids = recording.record_first(number, changes)
    return count, [take_turns.s(conversation_id) for conversation_id in conversation_ids]


def recognise(number: WhatsAppNumber, recipient: Recipient) -> None:
    """Know whom a number wrote to by what Meta knows them by."""
    customers.recognise(number.business, recipient.addressed, recipient.phone, recipient.user_id)
