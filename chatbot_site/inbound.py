"""What an incoming webhook sets in motion: recorded by crm, then answered by bots."""

from bots.runtime.tasks import take_turns
from crm.conversations import inbox


def handle(number, change):
    """Record a change that came to a number, and let bots look at each conversation with new messages."""
    for conversation_id in inbox.record(number, change):
        take_turns.delay_on_commit(conversation_id)
