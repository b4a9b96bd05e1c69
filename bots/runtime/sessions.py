"""A conversation's session: begun, moved on by an event, ended. The conversation's row is locked by whoever calls."""

from dataclasses import asdict, replace
from zoneinfo import ZoneInfo

from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone

from bots.engine.effects import End, EndReason
from bots.engine.engine import State, advance, waits_for_answer
from bots.engine.office_hours import is_open
from bots.models import BotCall, BotSession, BotTimer
from crm.conversations import conversations
from crm.models import Conversation

from .effect_handlers import carry_out

END_FIELDS = ["ended_at", "end_reason", "end_step"]


def running(conversation):
    return (
        BotSession.objects.filter(conversation=conversation, ended_at__isnull=True)
        .select_related("bot", "version__scenario")
        .first()
    )


def begin(conversation, entry, step=None):
    """
    A session at the beginning of a published scenario, or at a menu that was tapped. What was said in the one before
    still counts as said.
    """
    before = BotSession.objects.filter(conversation=conversation).first()
    state = state_of(before) if before else State()
    return BotSession(
        business_id=conversation.business_id,
        conversation=conversation,
        bot=entry.bot,
        version=entry.version,
        state=asdict(state.begin_another(step)),
    )


def move_on(session, event):
    """Let the engine answer an event, and do what it wants. Returns what was done."""
    now = timezone.localtime(timezone=ZoneInfo(session.conversation.whatsapp_number.business.time_zone))
    before = state_of(session)
    state, wanted = advance(session.version.document, before, with_facts(session, event, now), now)
    if not wanted:
        return ()
    has_waited = session.pk is not None
    session.state = asdict(state)
    session.expires_at = None
    note_end(session, wanted[-1])
    session.save()
    if has_waited:
        forget_what_it_waited_for(session)
    done = carry_out(session, wanted, before.step)
    if done[-1] != wanted[-1]:
        note_end(session, done[-1])
        session.save(update_fields=END_FIELDS)
    if session.ended_at:
        stop_waiting(session.conversation)
    else:
        session.save(update_fields=["expires_at"])
        wait(session.conversation)
    return done


def note_end(session, effect):
    """Write the end into the session, if its last effect is one."""
    if isinstance(effect, End):
        session.ended_at = timezone.now()
        session.end_reason = effect.reason
        session.end_step = effect.step or ""


def with_facts(session, event, now):
    """The event with what the scenario may ask about the moment and the customer."""
    event = replace(event, office_hours=is_open(session.bot.office_hours, now))
    if not session.version.document.asks_for_tags:
        return event
    tags = session.conversation.customer.tags.values_list("name", flat=True)
    return replace(event, person=event.person.with_tags(added=tags))


def is_asking(session):
    """Whether it waits for the customer's answer, and not for a time."""
    return waits_for_answer(session.version.document, state_of(session))


def state_of(session):
    return State(**session.state)


def end(session, reason):
    note_end(session, End(reason, session.state.get("step")))
    session.save(update_fields=END_FIELDS)
    forget_what_it_waited_for(session)
    stop_waiting(session.conversation)


def end_all(reason):
    """End whatever runs. Nothing that it waited for happens any more."""
    BotTimer.objects.all().delete()
    BotCall.objects.all().delete()
    running = BotSession.objects.filter(ended_at__isnull=True)
    running.update(ended_at=timezone.now(), end_reason=reason, end_step=Coalesce(KT("state__step"), Value("")))
    Conversation.objects.filter(in_scenario=True).update(in_scenario=False)


def forget_what_it_waited_for(session):
    session.timers.all().delete()
    session.calls.all().delete()


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
    opted_out_at = session.conversation.customer.opted_out_at
    if opted_out_at and opted_out_at >= session.started_at:
        return EndReason.OPTED_OUT
    return None
