"""Timers that are due: a question not answered in time, a wait that is over, a session that waited too long."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.jobs.job import Job
from bots.engine.effects import EndReason, TimerKind
from bots.engine.events import TimedOut
from bots.models import BotTimer

from . import http_calls, sessions
from .turns import as_person, attempt, locked, resume, waiting_messages

#: When a timer looks again whether the messages that go before it are answered.
RETRY_DELAY = timedelta(seconds=2)


def work(timer: BotTimer, seconds: float) -> bool:
    """Fire a claimed timer, or come back once the messages are answered that go before it."""
    conversation_id = timer.session.conversation_id
    if fire(timer.pk, conversation_id):
        http_calls.offer(conversation_id)
    elif BotTimer.objects.filter(pk=timer.pk).exists():
        JOB.come_back(timer, timezone.now() + RETRY_DELAY)
    return False


@transaction.atomic
def fire(timer_id: int, conversation_id: int) -> bool:
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


JOB = Job(
    name="fire bot timers",
    model=BotTimer,
    work=work,
    queue="inbound",
    interval=2,
    lease=timedelta(minutes=1),
    # Each is one short transaction.
    share=None,
    delays=(timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=10)),
)
