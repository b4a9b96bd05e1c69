"""
A bot's turn: one inbound message, or one timer, in one transaction. What it says is queued in the same transaction
and delivered after it, so a message is answered once or not at all, whatever is killed when.
"""

import logging

from django.db import OperationalError, transaction
from django.utils import timezone, translation

from accounts.refusals import Refusal
from crm.models import Conversation, Message
from crm.models.message import EVENT_TYPES
from crm.outbox import queue
from whatsapp.numbers import check_may_send

from . import sessions
from .carrying_out import hand_over
from .content import text_message
from .effects import EndReason, SendMessage, Visited
from .events import Person, Said
from .models import BotTurn
from .routing import Begin, CallPerson, decide, live

logger = logging.getLogger(__name__)

#: Messages whose text is the customer's own words. Of others the caption is.
WORDED = {"text", "button", "interactive"}


def take_turns(conversation_id):
    """Answer a conversation's messages that wait for it, one after the other. Returns how many."""
    taken = 0
    while take_turn(conversation_id):
        taken += 1
    return taken


@transaction.atomic
def take_turn(conversation_id):
    """Answer the first message that waits. Returns whether there was one."""
    conversation = locked(conversation_id)
    message = conversation and waiting_messages(conversation.pk).first()
    if message is None:
        return False
    attempt(conversation, lambda: answer(conversation, message), message=message)
    message.automated_at = timezone.now()
    message.save(update_fields=["automated_at"])
    return True


def locked(conversation_id):
    """The conversation, kept from others until this transaction ends; None when it is gone."""
    # What hangs on it is read once it is ours: in one query PostgreSQL would take it from before the wait.
    if not Conversation.objects.select_for_update().filter(pk=conversation_id).values_list("pk"):
        return None
    related = ("customer", "whatsapp_number__business__subscription")
    return Conversation.objects.select_related(*related).get(pk=conversation_id)


def waiting_messages(conversation_id):
    return Message.objects.filter(
        conversation=conversation_id, direction=Message.Direction.IN, automated_at__isnull=True
    ).order_by("id")


def attempt(conversation, work, **facts):
    """
    Do a turn's work in the language of the business and log it. Work that fails is undone, and a person takes over:
    a broken scenario loses no message and holds up none. Trouble of the database itself is not the scenario's.
    """
    try:
        with transaction.atomic(), translation.override(conversation.whatsapp_number.business.language):
            work()
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("The bot could not answer in conversation %s.", conversation.pk)
        give_up(conversation, error, **facts)


def give_up(conversation, error, **facts):
    conversation.refresh_from_db()
    session = sessions.running(conversation)
    if session:
        session.conversation = conversation
        sessions.end(session, EndReason.ERROR)
    hand_over(conversation)
    BotTurn.objects.create(
        business_id=conversation.business_id,
        conversation=conversation,
        session=session,
        error=str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}",
        **facts,
    )


def answer(conversation, message):
    """Say what a bot has to say to a message, if a bot is to speak here at all."""
    if conversation.bot_paused or not may_send(conversation.whatsapp_number):
        return
    said = as_said(conversation, message)
    session = current_session(conversation, message.timestamp)
    decision = decide(
        live(conversation.whatsapp_number_id),
        session and session.version.scenario_id,
        said.text,
        lambda: is_first(message),
    )
    if decision is None:
        return
    if isinstance(decision, CallPerson):
        call_person(conversation, session, decision.bot, message)
        return
    if isinstance(decision, Begin):
        if session:
            sessions.end(session, EndReason.REPLACED)
        session = sessions.begin(conversation, decision.entry)
    effects = sessions.move_on(session, said)
    log(conversation, session, effects, {"kind": "message", "text": said.text}, message)


def may_send(number):
    try:
        check_may_send(number)
    except Refusal:
        return False
    return True


def current_session(conversation, moment):
    """The session that a message of this moment reaches; one that is over is ended."""
    session = sessions.running(conversation)
    if session is None:
        sessions.stop_waiting(conversation)
        return None
    session.conversation = conversation
    if reason := sessions.over_because(session, moment):
        sessions.end(session, reason)
        return None
    return session


def is_first(message):
    """Whether the customer has never written here before."""
    earlier = Message.objects.filter(
        conversation=message.conversation_id, direction=Message.Direction.IN, pk__lt=message.pk
    )
    return not earlier.exclude(type__in=EVENT_TYPES).exists()


def call_person(conversation, session, bot, message):
    if session:
        sessions.end(session, EndReason.HANDED_OFF)
    effects = []
    if bot.operator_text.strip():
        effects.append(SendMessage(text_message(bot.operator_text), bot.operator_text))
        queue(conversation, effects[0].content, effects[0].text, Message.Origin.BOT)
    hand_over(conversation)
    log(conversation, session, effects, {"kind": "operator_word", "text": message.text}, message)


def log(conversation, session, effects, event, message=None):
    BotTurn.objects.create(
        business_id=conversation.business_id,
        conversation=conversation,
        session=session,
        message=message,
        event=event,
        path=[effect.step for effect in effects if isinstance(effect, Visited)],
        effects=[effect.as_json() for effect in effects if not isinstance(effect, Visited)],
    )


# The message as the engine sees it


def as_said(conversation, message):
    content = message.content.get(message.type) or {}
    content = content if isinstance(content, dict) else {}
    return Said(
        person=as_person(conversation),
        text=message.text if message.type in WORDED else content.get("caption") or "",
        choice_id=tapped(message),
        type=message.type,
        content=content,
    )


def tapped(message):
    """The id of the button or row of a menu that was tapped (Webhooks, "interactive")."""
    interactive = message.content.get("interactive") or {}
    reply = interactive.get("button_reply") or interactive.get("list_reply") or {}
    return reply.get("id") or ""


def as_person(conversation):
    customer = conversation.customer
    return Person(
        name=customer.name,
        phone=customer.phone or "",
        attributes=customer.attributes,
        country=conversation.whatsapp_number.business.country,
    )
