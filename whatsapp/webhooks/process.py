"""
Processes stored webhook events: statuses go into the ledger, what concerns templates, numbers and accounts into their
rows, and what customers sent to WHATSAPP_EVENT_HANDLER. What has no effect here is marked as not acted on.

The events of a number stand in a line and are processed in the order in which they came, by one worker at a time: it
claims a batch, reads it, applies the statuses of all, handles each change by its field, and finishes all. What fails,
or reports on a message that is not here yet, leaves the line and comes back later.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from celery import Signature
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.database.outages import is_outage, keep_trying
from accounts.jobs.after_commit import gathering
from accounts.jobs.job import Job
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.sending import statuses

from . import account_updates, template_updates
from .changes import Change
from .parsing import parse

logger = logging.getLogger(__name__)

#: How long after a worker's last sign of life another one may claim its batch: so long a number's customers wait for
#: their answers when a worker is killed.
LEASE = timedelta(seconds=10)

BATCH = 50

#: When an event comes back after its first attempt, its second…
DELAYS = [timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)]

#: How long a status waits for its message. What is not here by then was sent by something else.
STATUS_TIMEOUT = timedelta(hours=24)

#: How often an event is begun, should it end its worker each time.
MAX_ATTEMPTS = 20

#: Of what was processed: Meta repeats for 7 days.
RETENTION = timedelta(days=30)

#: Does what is to be done about a change that came to a number. WHATSAPP_EVENT_HANDLER returns the tasks that are to
#: follow once the change is processed.
Handler = Callable[[WhatsAppNumber, Change], Any]

#: What is done with a change by its field. Statuses, messages, echoes, calls and preferences are handled whatever the
#: field.
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(template_updates.FIELDS, template_updates.apply),
    **dict.fromkeys(account_updates.HANDLERS, account_updates.apply),
}

#: The fields to subscribe to at Meta.
FIELDS = ("messages", "user_preferences", "user_id_update", "smb_message_echoes", "calls", *HANDLERS)


def process_lines_of(event_ids: Iterable[int]) -> None:
    """Process events, and what stands in line before them."""
    for number_id in _numbers_with(WebhookEvent.objects.filter(pk__in=event_ids)):
        process_line(number_id)


def numbers_with_due_events() -> list[int]:
    """The ids of the numbers that have events to process now."""
    return _numbers_with(WebhookEvent.objects.due())


def _numbers_with(events: QuerySet[WebhookEvent]) -> list[int]:
    return list(events.order_by().values_list("whatsapp_number", flat=True).distinct())


def process_line(number_id: int, seconds: float = 20) -> None:
    """Process a number's due events until none is to be claimed any more, or for some seconds."""
    deadline = time.monotonic() + seconds
    # Whoever came for more meanwhile left it to this worker, which therefore looks again when it is done.
    while time.monotonic() < deadline:
        line = ClaimedLine(number_id)
        # Where there is no database nothing was claimed that could be given back.
        connection.ensure_connection()
        try:
            line.events = claim(number_id, line.until)
            if not line.events:
                return
            # What the batch has sent goes out before the next one is looked at.
            with gathering():
                _follow_up(process(line.events, renew=line.renew))
            if not WebhookEvent.objects.filter(whatsapp_number=number_id).due().exists():
                return
        except Exception as error:
            if is_outage(error):
                line.give_back()
            raise


class ClaimedLine:
    """The claimed events of a number: they are known by `until`, the end of their lease."""

    def __init__(self, number_id: int) -> None:
        self.number_id = number_id
        self.until = timezone.now() + LEASE
        self.events: list[WebhookEvent] = []

    def renew(self) -> None:
        """Claim them for longer when half of the lease is over."""
        if timezone.now() < self.until - LEASE / 2:
            return
        until = timezone.now() + LEASE
        self._rows().update(lease_until=until)
        for event in self.events:
            event.lease_until = until
        self.until = until

    def give_back(self) -> None:
        """
        Release them as soon as the database is back, whose outage is none of their attempts. Of a claim too that was
        cut off while it was committed.
        """
        released = {"lease_until": None, "attempts": F("attempts") - 1}
        keep_trying(lambda: self._rows().update(**released), LEASE.total_seconds())

    def _rows(self) -> QuerySet[WebhookEvent]:
        return WebhookEvent.objects.in_line().filter(whatsapp_number=self.number_id, lease_until=self.until)


@transaction.atomic(durable=True)
def claim(number_id: int, until: datetime | None = None) -> list[WebhookEvent]:
    """The next events of a number, ours for a lease. None of the line while somebody else has it."""
    # Claims of one number wait for each other; rows that refer to the number may still be inserted.
    if not WhatsAppNumber.objects.select_for_update(no_key=True).filter(pk=number_id).values_list("pk"):
        return []
    now = timezone.now()
    until = until or now + LEASE
    events = WebhookEvent.objects.filter(whatsapp_number=number_id)
    due = events.due().order_by("pk")
    if events.in_line().filter(lease_until__gt=now).exists():
        due = due.exclude(last_error="")
    claimed = list(due[:BATCH])
    due.filter(pk__in=[event.pk for event in claimed]).update(lease_until=until, attempts=F("attempts") + 1)
    for event in claimed:
        event.lease_until, event.attempts = until, event.attempts + 1
    return claimed


def record_waiting(handle: Handler) -> None:
    """
    Process all events that wait, with `handle` in the place of WHATSAPP_EVENT_HANDLER: for a database from a backup,
    where nobody may be answered. What fails is parked, as after the last attempt.
    """
    waiting = WebhookEvent.objects.waiting().order_by("pk")
    for number_id in _numbers_with(waiting):
        last = 0
        while events := list(waiting.filter(whatsapp_number=number_id, pk__gt=last)[:BATCH]):
            for event in events:
                event.attempts = len(DELAYS) + 1
            process(events, handle)
            last = events[-1].pk


def process(
    events: list[WebhookEvent], handle: Handler | None = None, renew: Callable[[], None] = lambda: None
) -> list[Signature[Any]]:
    """
    Process claimed events of one number, in order. `handle` stands in for WHATSAPP_EVENT_HANDLER; `renew` is called
    before each event. Returns the tasks that are to follow.
    """
    handle = handle or import_string(settings.WHATSAPP_EVENT_HANDLER)
    numbers = WhatsAppNumber.objects.defer("access_token", "app_secret").select_related("business")
    number = numbers.filter(pk=events[0].whatsapp_number_id).first()
    if number is None:
        return []
    changes = [(event, change) for event in events if (change := _read(event))]
    unknown = _apply_statuses(number, [change for _event, change in changes])
    follow_ups: list[Signature[Any]] = []
    for event, change in changes:
        try:
            renew()
            follow_ups += _process_one(number, event, change, unknown, handle)
        except Exception as error:
            if is_outage(error):
                raise
            _fail(event, error)
    _finish([event for event in events if event.processed_at])
    return follow_ups


def _follow_up(tasks: list[Signature[Any]]) -> None:
    """
    Do what follows, each task once, without a wait for another worker. One that fails is found by its tick, and keeps
    no other from being done.
    """
    for task in {repr(task): task for task in tasks}.values():
        try:
            task()
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("%s could not be done.", task)


def _read(event: WebhookEvent) -> Change | None:
    try:
        return parse(event.field, event.value, event.received_at)
    except Exception as error:
        _fail(event, error)
        return None


def _apply_statuses(number: WhatsAppNumber, changes: list[Change]) -> set[str] | None:
    """The wamids that are not here, or None when the statuses are to be applied event by event."""
    updates = [update for change in changes for update in change.statuses]
    try:
        return statuses.apply(number, updates) if updates else set()
    except DatabaseError as error:
        if is_outage(error):
            raise
        logger.exception("The statuses of %d events could not be applied together.", len(changes))
        return None


def _process_one(
    number: WhatsAppNumber, event: WebhookEvent, change: Change, unknown: set[str] | None, handle: Handler
) -> list[Signature[Any]]:
    """Returns the tasks that are to follow."""
    if event.attempts > MAX_ATTEMPTS:
        raise RuntimeError("The worker ended each time it processed this event.")
    if unknown is None:
        unknown = statuses.apply(number, change.statuses)
    if change.field in HANDLERS:
        HANDLERS[change.field](number, change)
    follow_ups = (handle(number, change) or []) if change.concerns_customers else []
    missing = sorted({update.wamid for update in change.statuses} & unknown)
    if missing and timezone.now() < event.received_at + STATUS_TIMEOUT:
        _wait(event, missing)
        return follow_ups
    event.processed_at = timezone.now()
    event.acted_on = change.field in HANDLERS or change.concerns_customers or bool(change.statuses)
    event.last_error = "\n".join([*change.errors, *(f"There is no message {wamid} here." for wamid in missing)])
    return follow_ups


def _finish(events: list[WebhookEvent]) -> None:
    """Mark events as processed: most together, and those with something to say one by one."""
    done: dict[str, Any] = {"processed_at": timezone.now(), "due_at": None}
    for acted_on in (True, False):
        flawless = [event for event in events if not event.last_error and event.acted_on is acted_on]
        _settle(flawless, **done, acted_on=acted_on, last_error="")
    for event in events:
        if event.last_error:
            _settle([event], **done, acted_on=event.acted_on, last_error=event.last_error)


def _wait(event: WebhookEvent, wamids: list[str]) -> None:
    """Have an event come back when its messages may be here."""
    latest = event.received_at + STATUS_TIMEOUT
    delay = _delay(event)
    due_at = latest if delay is None else min(timezone.now() + delay, latest)
    _settle([event], due_at=due_at, last_error="Waiting for the messages {}.".format(", ".join(wamids)))


def _fail(event: WebhookEvent, error: Exception) -> None:
    """Have an event come back later; after the last delay it is parked."""
    logger.error("Webhook event %s could not be processed.", event.pk, exc_info=error)
    event.processed_at = None
    delay = _delay(event)
    _settle(
        [event],
        due_at=None if delay is None else timezone.now() + delay,
        last_error=f"{type(error).__name__}: {error}"[:2000],
    )


def _delay(event: WebhookEvent) -> timedelta | None:
    """How long an event waits after this attempt; None after the last."""
    return DELAYS[event.attempts - 1] if event.attempts <= len(DELAYS) else None


def _settle(events: list[WebhookEvent], **changes: Any) -> None:
    """Write down what became of events that were claimed together, unless somebody else has them by now."""
    if events:
        pks, lease = [event.pk for event in events], events[0].lease_until
        WebhookEvent.objects.filter(pk__in=pks, lease_until=lease).update(lease_until=None, **changes)


def replay(events: QuerySet[WebhookEvent]) -> int:
    """Process events again from the start, whatever became of them. What was recorded once is not recorded again."""
    return events.update(due_at=timezone.now(), processed_at=None, acted_on=True, attempts=0, last_error="")


JOB = Job(
    name="process webhook events",
    model=WebhookEvent,
    tick="whatsapp.webhooks.tasks.process_due_events",
    queue="inbound",
    interval=2,
    lease=LEASE,
    retention=RETENTION,
    age="processed_at",
    given_up=WebhookEvent.objects.parked,
)
