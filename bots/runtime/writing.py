"""A decision made real: the rows of a session, of what it does, and of the log, in the transaction of the turn."""

from dataclasses import asdict
from typing import Any

from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone

from bots.engine.effects import Effect, End, EndReason, SendMessage, Visited
from bots.models import BotCall, BotSession, BotTimer, BotTurn
from crm.conversations import conversations
from crm.models import Conversation, Message

from .decisions import Decision, Situation
from .effect_handlers import apply_effects, expires_at, hand_over, send_message
from .routing import Candidate

_END_FIELDS = ["ended_at", "end_reason", "end_step"]


def write(situation: Situation, decision: Decision) -> None:
    """Write what was decided. Raises Refusal when a person is called and the answer to that may not be sent."""
    conversation, running = situation.conversation, situation.session
    if running and decision.end_reason:
        end(running, decision.end_reason)
    session = decision.session
    if decision.begins:
        session = running = _new_session(conversation, decision.begins)
    effects = decision.effects
    if session and decision.state:
        effects = _move(session, decision)
    if decision.calls_person:
        _call_person(conversation, effects)
    mark_in_scenario(conversation, running is not None and running.ended_at is None)
    if decision.event:
        message = situation.inbound.message if situation.inbound else None
        log(conversation, session, message, event=decision.event, effects=effects)


def _new_session(conversation: Conversation, candidate: Candidate) -> BotSession:
    assert candidate.version is not None
    return BotSession(
        business_id=conversation.business_id,
        conversation=conversation,
        bot=candidate.bot,
        version=candidate.version,
    )


def _move(session: BotSession, decision: Decision) -> tuple[Effect, ...]:
    """Put a session into its new state, with the effects. Returns those that were written."""
    assert decision.state is not None
    is_new = session.pk is None
    session.state = asdict(decision.state)
    session.expires_at = expires_at(decision.effects)
    _note_end(session, decision.effects[-1])
    session.save()
    if not is_new:
        _delete_waits(session)
    written = apply_effects(session, decision.effects, decision.from_step)
    if written[-1] != decision.effects[-1]:
        session.expires_at = None
        _note_end(session, written[-1])
        session.save(update_fields=["expires_at", *_END_FIELDS])
    return written


def _call_person(conversation: Conversation, effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, SendMessage):
            send_message(conversation, effect)
    hand_over(conversation)


def log(
    conversation: Conversation,
    session: BotSession | None,
    message: Message | None,
    *,
    event: dict[str, Any] | None = None,
    effects: tuple[Effect, ...] = (),
    error: str = "",
) -> None:
    """Write down what a turn did, and why."""
    BotTurn.objects.create(
        business_id=conversation.business_id,
        conversation=conversation,
        session=session,
        message=message,
        event=event or {},
        path=[effect.step for effect in effects if isinstance(effect, Visited)],
        effects=[effect.as_json() for effect in effects if not isinstance(effect, Visited)],
        error=error,
    )


# The end of sessions


def end(session: BotSession, reason: EndReason) -> None:
    """End a running session where it is."""
    _note_end(session, End(reason, session.state.get("step")))
    session.save(update_fields=_END_FIELDS)
    _delete_waits(session)


def end_all(reason: EndReason) -> None:
    """End whatever runs, of all businesses. Nothing that it waited for happens any more."""
    BotTimer.objects.all().delete()
    BotCall.objects.all().delete()
    running = BotSession.objects.filter(ended_at__isnull=True)
    running.update(ended_at=timezone.now(), end_reason=reason, end_step=Coalesce(KT("state__step"), Value("")))
    Conversation.objects.filter(in_scenario=True).update(in_scenario=False)


def _note_end(session: BotSession, effect: Effect) -> None:
    """Set the fields of the session's end, if an effect is one."""
    if isinstance(effect, End):
        session.ended_at = timezone.now()
        session.end_reason = effect.reason
        session.end_step = effect.step or ""


def _delete_waits(session: BotSession) -> None:
    """Delete what the session waited for: it has moved on."""
    session.timers.all().delete()
    session.calls.all().delete()


def mark_in_scenario(conversation: Conversation, in_scenario: bool) -> None:
    """Write down whether a session runs in a conversation."""
    if conversation.in_scenario != in_scenario:
        conversations.change(conversation, in_scenario=in_scenario)
