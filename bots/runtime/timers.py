"""Timers that are due: a question not answered in time, a wait that is over, a session that waited too long."""

from django.db import transaction
from django.utils import timezone

from bots.engine.effects import EndReason, TimerKind
from bots.engine.events import TimedOut
from bots.models import BotTimer

from . import sessions
from .turns import as_person, attempt, locked, resume, waiting_messages

BATCH = 500


def fire_due():
    """Fire the timers that are due. Returns the ids of the conversations where one fired."""
    due = BotTimer.objects.filter(due_at__lte=timezone.now()).order_by("due_at", "id")
    timers = due.values_list("pk", "session__conversation_id")[:BATCH]
    return [conversation_id for timer_id, conversation_id in timers if fire(timer_id, conversation_id)]


@transaction.atomic
def fire(timer_id, conversation_id):
    """Fire one timer, once: whoever deletes its row does it. A message that waits is the answer, and goes first."""
    conversation = locked(conversation_id)
    if conversation is None or waiting_messages(conversation_id).exists():
        return False
    timer = BotTimer.objects.filter(pk=timer_id).first()
    if timer is None or not BotTimer.objects.filter(pk=timer_id).delete()[0]:
        return False
    session = sessions.running(conversation)
    if session is None or timer.session_id != session.pk or timer.turn != session.turns:
        return False
    session.conversation = conversation
    attempt(conversation, lambda: run_out(session, timer.kind))
    return True


def run_out(session, kind):
    """The time is over: what the scenario does then, or the session's end."""
    if kind == TimerKind.EXPIRY:
        sessions.end(session, EndReason.EXPIRED)
    else:
        happened = "wait_over" if kind == TimerKind.WAIT else "timeout"
        resume(session, TimedOut(as_person(session.conversation)), {"kind": happened})
