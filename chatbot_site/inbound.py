"""What happens to a customer's message that came by webhook: crm records it, then bots answer it."""

from bots.runtime.tasks import take_turns
from crm.conversations import inbox
from whatsapp.models import WhatsAppNumber
from whatsapp.webhooks.parsing import Change


def handle(number: WhatsAppNumber, change: Change) -> None:
    """Record a change that came to a number, and have bots look at each conversation with new messages."""
    for conversation_id in inbox.record(number, change):
        take_turns.delay_on_commit(conversation_id)  # type: ignore[attr-defined]
