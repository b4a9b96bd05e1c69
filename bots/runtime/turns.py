"""
A bot's turn: one inbound message, or one timer, in one transaction. What it says is queued in the same transaction
and delivered after it, so a message is answered once or not at all, whatever is killed when.
"""

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone, translation

from accounts.refusals import Refusal
from bots.engine.content import text_message
from bots.engine.effects import End, EndReason, SendMessage, Visited
from bots.engine.events import Person, Said
from bots.models import BotCall, BotTurn
from crm.conversations.outbox import queue
from crm.models import Conversation, Message
from crm.models.message import EVENT_TYPES
from whatsapp.numbers.numbers import check_may_send

from . import sessions
from .effect_handlers import hand_over
from .routing import Arrival, Begin, CallPerson, GoOn, LetWait, Running, Stop, decide, live

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
    if message is None or is_calling(conversation):
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


def is_calling(conversation):
    """Whether a service is being called here; messages wait for its answer."""
    return conversation.in_scenario and BotCall.objects.filter(session__conversation=conversation.pk).exists()


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
    except (OperationalError, InterfaceError):
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
    said = as_said(conversation, message)
    session = current_session(conversation, message.timestamp)
    arrival = Arrival(
        text=said.text,
        payload=said.choice_id,
        owned=conversation.bot_paused or not may_send(conversation.whatsapp_number),
        running=session and Running(session.version.scenario_id, sessions.is_asking(session)),
        is_first=lambda: is_first(message),
    )
    match decide(arrival, lambda: live(conversation.whatsapp_number_id)):
        case Stop():
            stop(conversation, session, message)
        case CallPerson(bot):
            call_person(conversation, session, bot, message)
        case LetWait():
            log(conversation, session, (), {"kind": "while_waiting", "text": said.text}, message)
        case GoOn():
            move_on(session, said, message)
        case Begin(entry, step):
            if session:
                sessions.end(session, EndReason.REPLACED)
            move_on(sessions.begin(conversation, entry, step), said, message)


def move_on(session, said, message):
    done = sessions.move_on(session, said)
    log(session.conversation, session, done, {"kind": "message", "text": said.text}, message)


def resume(session, event, happened):
    """
    Go on with a session that waited, for something that happened by itself; `happened` is for the log. Where no bot
    may speak any more, the session ends instead.
    """
    conversation = session.conversation
    reason = sessions.over_because(session, timezone.now())
    if reason is None and conversation.bot_paused:
        reason = EndReason.HANDED_OFF
    if reason is None and not may_send(conversation.whatsapp_number):
        reason = EndReason.SWITCHED_OFF
    if reason:
        sessions.end(session, reason)
    else:
        log(conversation, session, sessions.move_on(session, event), happened)


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


def stop(conversation, session, message):
    """The customer is not written to any more, whatever a scenario still waits for."""
    effects = []
    if session:
        effects.append(End(EndReason.OPTED_OUT, session.state["step"]))
        sessions.end(session, EndReason.OPTED_OUT)
    log(conversation, session, effects, {"kind": "opt_out", "text": message.text}, message)


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
    """The id of the button or row that was tapped (Webhooks, "interactive"), or a template button's payload."""
    if message.type == "button":
        return (message.content.get("button") or {}).get("payload") or ""
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
