"""Effects made real: rows of crm, in the transaction of the turn."""

from datetime import timedelta

from django.utils import timezone

from crm import conversations, customers, outbox
from crm.deals import create_deal
from crm.models import Conversation, Message

from . import effects
from .models import BotTimer


def carry_out(session, wanted):
    """Do what the engine wants of a session's conversation, in order."""
    for effect in wanted:
        if carrier := CARRIERS.get(type(effect)):
            carrier(session, effect)


def send(session, effect):
    outbox.queue(session.conversation, effect.content, effect.text, Message.Origin.BOT)


def set_customer(session, effect):
    customer = session.conversation.customer
    customer.name = effect.name or customer.name
    customer.attributes = {**customer.attributes, **effect.attributes}
    customer.save(update_fields=["name", "attributes"])


def add_tags(session, effect):
    customers.add_tags(session.conversation.customer, effect.names)


def remove_tags(session, effect):
    customers.remove_tags(session.conversation.customer, effect.names)


def add_deal(session, effect):
    conversation = session.conversation
    create_deal(conversation.customer, effect.title, effect.amount, effect.stage, conversation)


def hand_off(session, effect):
    hand_over(session.conversation)


def hand_over(conversation):
    """A person goes on: the bot is silent, and the conversation is open and unread."""
    conversations.change(
        conversation,
        bot_paused=True,
        status=Conversation.Status.OPEN,
        unread=max(conversation.unread, 1),
    )


def set_timer(session, effect):
    due_at = timezone.now() + timedelta(seconds=effect.seconds)
    BotTimer.objects.create(
        business_id=session.business_id, session=session, kind=effect.kind, turn=session.turns, due_at=due_at
    )
    if effect.kind == effects.TimerKind.EXPIRY:
        session.expires_at = due_at


#: What to do for each kind of effect. Visited and End are facts of the session, kept by turns.py.
CARRIERS = {
    effects.SendMessage: send,
    effects.SetCustomer: set_customer,
    effects.AddTags: add_tags,
    effects.RemoveTags: remove_tags,
    effects.CreateDeal: add_deal,
    effects.HandOff: hand_off,
    effects.SetTimer: set_timer,
}
