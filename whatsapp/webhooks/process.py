"""
Processes stored webhook events: statuses go into the ledger, what concerns templates, numbers and accounts into their
rows, and what customers sent to WHATSAPP_EVENT_HANDLER. What has no effect here is marked as not acted on.

The events of a number stand in a line and are processed in the order in which they came, by one worker at a time: it
claims a batch, reads it, applies the statuses of all, does what the field of each asks for, hands on what customers
did, as much at once as WHATSAPP_EVENT_HANDLER takes, and finishes all. What fails, or reports on a message that is not
here yet, leaves the line and comes back later.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from celery import Signature
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.database.bulk_update import update_rows
from accounts.database.outages import is_outage, keep_trying
from accounts.database.prepared import PreparedQuery
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

#: Does what is to be done about the first of the changes that came to a number, and about those after it that can be
#: done with it: WHATSAPP_EVENT_HANDLER returns how many these are, and the tasks that are to follow. It is called
#: again for the rest. An exception is about the first.
Handler = Callable[[WhatsAppNumber, Sequence[Change]], tuple[int, Sequence[Any]]]

#: What is done with a change by its field. Statuses, messages, echoes, calls and preferences are handled whatever the
#: field.
HANDLERS: dict[str, Callable[[WhatsAppNumber, Change], Any]] = {
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


_lock_number = PreparedQuery(
    lambda number_id: (
        WhatsAppNumber.objects.filter(pk=number_id)
        .select_for_update(no_key=True, of=("self",))
        .select_related("business")
        .defer("access_token", "app_secret")
    ),
    int,
)

#: Due events, the first in line first; while somebody else has the line, what has left it. That they are due is asked
#: again of what somebody wrote while this waited for it.
_CLAIM = f"""
    UPDATE webhook_events SET lease_until = %s, attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM webhook_events
        WHERE whatsapp_number_id = %s AND due_at <= %s AND (lease_until IS NULL OR lease_until <= %s)
        AND (last_error <> '' OR NOT EXISTS (
            SELECT 1 FROM webhook_events
            WHERE whatsapp_number_id = %s AND due_at IS NOT NULL AND lease_until > %s AND last_error = ''
        ))
        ORDER BY id LIMIT {BATCH}
    )
    AND due_at <= %s AND (lease_until IS NULL OR lease_until <= %s)
    RETURNING *
"""


@transaction.atomic(durable=True)
def claim(number_id: int, until: datetime | None = None) -> list[WebhookEvent]:
    """The next events of a number, ours for a lease, with the number. None of the line while somebody else has it."""
    # Claims of one number wait for each other; rows that refer to the number may still be inserted.
    numbers = _lock_number.fetch(number_id)
    if not numbers:
        return []
    now = timezone.now()
    lease, now_ = (connection.ops.adapt_datetimefield_value(moment) for moment in (until or now + LEASE, now))
    claimed = WebhookEvent.objects.raw(_CLAIM, [lease, number_id, now_, now_, number_id, now_, now_, now_])
    events = sorted(claimed, key=attrgetter("pk"))
    for event in events:
        event.whatsapp_number = numbers[0]
    return events


def record_waiting(handle: Handler) -> None:
    """
    Process all events that wait, with `handle` in the place of WHATSAPP_EVENT_HANDLER: for a database from a backup,
    where nobody may be answered. What fails is parked, as after the last attempt.
    """
    waiting = WebhookEvent.objects.waiting().order_by("pk")
    with_number = waiting.select_related("whatsapp_number__business").defer(
        "whatsapp_number__access_token", "whatsapp_number__app_secret"
    )
    for number_id in _numbers_with(waiting):
        last = 0
        while events := list(with_number.filter(whatsapp_number=number_id, pk__gt=last)[:BATCH]):
            for event in events:
                event.attempts = len(DELAYS) + 1
            process(events, handle)
            last = events[-1].pk


@dataclass
class _Item:
    """An event, what it says, and the messages that its statuses are about and that are not here."""

    event: WebhookEvent
    change: Change
    missing: list[str] = field(default_factory=list)


def process(
    events: list[WebhookEvent], handle: Handler | None = None, renew: Callable[[], None] = lambda: None
) -> list[Signature[Any]]:
    """
    Process claimed events of one number, in order. `handle` stands in for WHATSAPP_EVENT_HANDLER; `renew` is called
    from time to time. Returns the tasks that are to follow.
    """
    handle = handle or import_string(settings.WHATSAPP_EVENT_HANDLER)
    number = events[0].whatsapp_number
    items = _apply_all(number, _read_all(events), renew)
    done = [item for item in items if not item.change.concerns_customers]
    waiting = [item for item in items if item.change.concerns_customers]
    follow_ups: list[Signature[Any]] = []
    while waiting:
        count = 1
        with _failing_alone(waiting[0].event):
            renew()
            count, tasks = handle(number, [item.change for item in waiting])
            follow_ups += tasks
            done += waiting[:count]
        waiting = waiting[count:]
    _finish(done)
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


@contextmanager
def _failing_alone(event: WebhookEvent) -> Iterator[None]:
    """What fails in this block fails for this event: it comes back later, and the others go on."""
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise
        _fail(event, error)


def _read_all(events: list[WebhookEvent]) -> list[_Item]:
    items = []
    for event in events:
        with _failing_alone(event):
            items.append(_Item(event, parse(event.field, event.value, event.received_at)))
    return items


def _apply_all(number: WhatsAppNumber, items: list[_Item], renew: Callable[[], None]) -> list[_Item]:
    """Apply statuses, and what the fields ask for. Returns the items with which that could be done."""
    unknown = _apply_statuses(number, [item.change for item in items])
    applied = []
    for item in items:
        with _failing_alone(item.event):
            renew()
            _apply(number, item, unknown)
            applied.append(item)
    return applied


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


def _apply(number: WhatsAppNumber, item: _Item, unknown: set[str] | None) -> None:
    if item.event.attempts > MAX_ATTEMPTS:
        raise RuntimeError("The worker ended each time it processed this event.")
    change = item.change
    if unknown is None:
        unknown = statuses.apply(number, change.statuses)
    item.missing = sorted({update.wamid for update in change.statuses} & unknown)
    if change.field in HANDLERS:
        HANDLERS[change.field](number, change)


#: Nobody else has the event by now. What a restore processes has no lease.
_OURS = "(t.lease_until = v.lease_until OR t.lease_until IS NULL AND v.lease_until IS NULL)"


def _finish(items: list[_Item]) -> None:
    """Mark events as processed, but for those that wait for a message."""
    now = timezone.now()
    rows = []
    for item in items:
        event, change = item.event, item.change
        if item.missing and now < event.received_at + STATUS_TIMEOUT:
            _wait(event, item.missing)
            continue
        acted_on = change.field in HANDLERS or change.concerns_customers or bool(change.statuses)
        said = [*change.errors, *(f"There is no message {wamid} here." for wamid in item.missing)]
        rows.append((event.pk, event.lease_until, acted_on, "\n".join(said)))
    update_rows(
        WebhookEvent,
        ("id", "lease_until", "acted_on", "last_error"),
        rows,
        {"acted_on": "v.acted_on", "last_error": "v.last_error"},
        where=f"t.id = v.id AND {_OURS}",
        constants={"lease_until": None, "processed_at": now, "due_at": None},
    )


def _wait(event: WebhookEvent, wamids: list[str]) -> None:
    """Have an event come back when its messages may be here."""
    latest = event.received_at + STATUS_TIMEOUT
    delay = _delay(event)
    due_at = latest if delay is None else min(timezone.now() + delay, latest)
    _settle([event], due_at=due_at, last_error="Waiting for the messages {}.".format(", ".join(wamids)))


def _fail(event: WebhookEvent, error: Exception) -> None:
    """Have an event come back later; after the last delay it is parked."""
    logger.error("Webhook event %s could not be processed.", event.pk, exc_info=error)
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
