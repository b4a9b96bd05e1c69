"""A customer's side of a chat with a bot, for tests of turns."""

from bots.runtime import turns
from crm.models import Message
from crm.testing import make_message


def keyword(value, match="equals"):
    return [{"kind": "keyword", "match": match, "value": value}]


def write(conversation, text, **fields):
    """The customer writes, and the bot takes its turn. Returns what it said."""
    message = make_message(conversation, text, **fields)
    turns.take_turns(conversation.pk)
    conversation.refresh_from_db()
    sent = Message.objects.filter(conversation=conversation, direction="out", pk__gt=message.pk)
    return list(sent.order_by("id").values_list("text", flat=True))
