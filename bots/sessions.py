"""A conversation's session: begun, moved on by an event, ended. The conversation's row is locked by whoever calls."""

from dataclasses import asdict
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm import conversations

from .carrying_out import carry_out
from .effects import End, EndReason
from .engine import State, advance
from .models import BotSession


def running(conversation):
    return (
        BotSession.objects.filter(conversation=conversation, ended_at__isnull=True)
        .select_related("bot", "version__scenario")
        .first()
    )


def begin(conversation, entry):
    """A session at the beginning of a published scenario. What was said in the one before still counts as said."""
    before = BotSession.objects.filter(conversation=conversation).first()
    return BotSession(
        business_id=conversation.business_id,
        conversation=conversation,
        bot=entry.bot,
        version=entry.version,
        state=asdict(state_of(before).begin_another() if before else State()),
    )


def move_on(session, event):
    """Let the engine answer an event, and do what it wants. Returns the effects."""
    now = timezone.localtime(timezone=ZoneInfo(session.conversation.whatsapp_number.business.time_zone))
    state, effects = advance(session.version.definition, state_of(session), event, now)
    session.state = asdict(state)
    session.save()
    session.timers.all().delete()
    carry_out(session, effects)
    if isinstance(effects[-1], End):
        end(session, effects[-1].reason, effects[-1].step)
    else:
        session.save(update_fields=["expires_at"])
        wait(session.conversation)
    return effects


def state_of(session):
    return State(**session.state)


def end(session, reason, step=None):
    session.ended_at = timezone.now()
    session.end_reason = reason
    session.end_step = step or session.state.get("step") or ""
    session.save(update_fields=["ended_at", "end_reason", "end_step"])
    session.timers.all().delete()
    stop_waiting(session.conversation)


def wait(conversation):
    if not conversation.in_scenario:
        conversations.change(conversation, in_scenario=True)


def stop_waiting(conversation):
    if conversation.in_scenario:
        conversations.change(conversation, in_scenario=False)


def over_because(session, moment):
    """Why a running session is over at this moment although nobody ended it; None when it is not."""
    if session.expires_at and session.expires_at <= moment:
        return EndReason.EXPIRED
    bot = session.bot
    moved = bot.whatsapp_number_id != session.conversation.whatsapp_number_id
    if moved or not bot.is_active or not session.version.scenario.is_active:
        return EndReason.SWITCHED_OFF
    return None
