"""
A bot's turn: one event, in one transaction: lock, load, decide, write. What it says is queued in the same transaction
and delivered after it, so a message is answered once or not at all, whatever is killed when.
"""

import logging

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone, translation

from accounts.database.saving import update
from accounts.refusals import Refusal
from bots.engine.effects import EndReason
from bots.engine.events import Answered, Event, TimedOut
from bots.models import BotCall, BotSession, BotTimer
from crm.conversations import conversations
from crm.models import Conversation

from .decisions import Inbound, decide
from .loading import last_session, load, lock, next_inbound, said, waiting_messages
from .writing import end, hand_over, log, mark_in_scenario, write

logger = logging.getLogger(__name__)


def take_turns(conversation_id: int) -> int:
    """Answer a conversation's messages that wait for it, one after the other. Returns how many."""
    answered = 0
    while inbound := take_turn(conversation_id):
        answered += 1
        if inbound.is_last:
            break
    return answered


def take_turn(conversation_id: int) -> Inbound | None:
    """Answer the first message that waits. Returns it; None when there is none to answer now."""
    failed = None
    while True:
        try:
            return _answer_next(conversation_id, failed)
        except _Failed as again:
            failed = again


@transaction.atomic
def _answer_next(conversation_id: int, failed: "_Failed | None" = None) -> Inbound | None:
    """Answer the first message that waits; the one that `failed` is given up if nobody else has answered it since."""
    conversation = lock(conversation_id)
    inbound = next_inbound(conversation) if conversation else None
    if conversation is None or inbound is None:
        return None
    if failed and failed.message_id != inbound.message.pk:
        failed = None
    _play(conversation, last_session(conversation), said(inbound.message), inbound, failed)
    inbound.message.automated_at = timezone.now()
    update(inbound.message, ["automated_at"])
    return inbound


def resume(awaited: BotTimer | BotCall, event: TimedOut | Answered) -> bool:
    """
    Let a session meet what it waited for, once: whoever deletes the row does it. Before a time is over, the messages
    that wait are answered. Returns whether the session met it; it may have moved on.
    """
    try:
        return _meet(awaited, event)
    except _Failed as failed:
        return _meet(awaited, event, failed)


@transaction.atomic
def _meet(awaited: BotTimer | BotCall, event: TimedOut | Answered, failed: "_Failed | None" = None) -> bool:
    conversation = lock(awaited.session.conversation_id)
    if conversation is None or (isinstance(event, TimedOut) and waiting_messages(conversation.pk).exists()):
        return False
    if not type(awaited).objects.filter(pk=awaited.pk).delete()[0]:
        return False
    session = last_session(conversation)
    if session is None or session.ended_at or (session.pk, session.turns) != (awaited.session_id, awaited.turn):
        return False
    _play(conversation, session, event, failed=failed)
    return True


class _Failed(Exception):
    """The turn of a message, or of none, could not be taken, which is its cause. All that it wrote is undone."""

    def __init__(self, inbound: Inbound | None) -> None:
        self.message_id = inbound.message.pk if inbound else None


def _play(
    conversation: Conversation,
    session: BotSession | None,
    event: Event,
    inbound: Inbound | None = None,
    failed: _Failed | None = None,
) -> None:
    """
    Decide what an event leads to and write it, in the language of the business. Raises _Failed when that fails, and
    when it `failed` already, a person takes over: a broken scenario loses no message and holds up none. Trouble of the
    database itself is not the scenario's.
    """
    with translation.override(conversation.whatsapp_number.business.language):
        if failed:
            _give_up(conversation, session, failed.__cause__, inbound)
            return
        try:
            situation = load(conversation, session, event, inbound)
            write(situation, decide(situation))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("The bot could not answer in conversation %s.", conversation.pk)
            raise _Failed(inbound) from error


def _give_up(
    conversation: Conversation, last: BotSession | None, error: BaseException | None, inbound: Inbound | None
) -> None:
    """End what runs and call a person."""
    session = last if last and last.ended_at is None else None
    with conversations.saving_once(conversation):
        if session:
            end(session, EndReason.ERROR)
        mark_in_scenario(conversation, False)
        hand_over(conversation)
    text = str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"
    log(conversation, session, inbound.message if inbound else None, error=text)
