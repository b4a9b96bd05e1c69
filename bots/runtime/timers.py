"""Timers that are due: a question not answered in time, a wait that is over, a session that waited too long."""

from datetime import timedelta

from django.utils import timezone

from accounts.jobs.job import Job
from bots.engine.effects import TimerKind
from bots.engine.events import TimedOut
from bots.models import BotTimer

from . import turns

#: How long a worker holds a row.
LEASE = timedelta(minutes=1)

#: When a timer looks again whether the messages that go before it are answered.
_RETRY_DELAY = timedelta(seconds=2)


def work(timer: BotTimer, seconds: float) -> bool:
    """Fire a claimed timer, or have it return when the messages are answered that go before it."""
    if not fire(timer) and BotTimer.objects.filter(pk=timer.pk).exists():
        JOB.come_back(timer, timezone.now() + _RETRY_DELAY)
    return False


def fire(timer: BotTimer) -> bool:
    """Let the time be over that a session waits for. Returns whether the session still waited for it."""
    return turns.resume(timer, TimedOut(kind=TimerKind(timer.kind)))


JOB = Job(
    name="fire bot timers",
    model=BotTimer,
    work=work,
    queue="inbound",
    interval=2,
    lease=LEASE,
    # Each is one short transaction.
    share=None,
    delays=(timedelta(seconds=2), timedelta(minutes=1), timedelta(minutes=10)),
)
