"""
The moves of the delivery ledger around a call: rows are claimed before it, and settled after it. Each move is one
committed UPDATE, so that whatever is killed when, nothing is sent twice.
"""

import logging
import secrets
import time
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, OperationalError, close_old_connections, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone, translation

from .cloud_api import AnswerLost
from .models import IS_OPEN, OutboundMessage, outbound_models
from .outcomes import Outcome
from .values_update import update_rows

logger = logging.getLogger(__name__)

Status = OutboundMessage.Status

#: How long a claimed row may be under way: longer than a call lasts (cloud_api.TIMEOUTS).
LEASE = timedelta(seconds=60)

#: Seconds between tries to write down what was sent, while the database is out of reach.
SETTLING_PAUSES = (0.2, 1, 5, 10)

SETTLED_FIELDS = ("status", "wamid", "accepted_at", "due_at", "error_code", "error_title")


def due(rows):
    """Those of waiting rows that are to be sent now, in order. A row waits for every earlier one it is ordered by."""
    model = rows.model
    rows = rows.filter(Q(due_at__isnull=True) | Q(due_at__lte=timezone.now()))
    if model.ordered_by:
        earlier = model.objects.filter(
            IS_OPEN,
            whatsapp_number_id=OuterRef("whatsapp_number_id"),
            pk__lt=OuterRef("pk"),
            **{model.ordered_by: OuterRef(model.ordered_by)},
        )
        rows = rows.filter(~Exists(earlier))
    return rows.order_by("pk")


@transaction.atomic(durable=True)
def claim(model, number_id, limit):
    """Up to `limit` rows to be sent now, each `sending` with a token of its own. They are nobody else's."""
    waiting = due(model.next_in_line(number_id)).select_for_update(skip_locked=True, of=("self",))
    waiting = waiting.select_related(*model.sent_with).prefetch_related(*model.sent_with_shared)
    rows = []
    while not rows and (candidates := list(waiting[:limit])):
        rows = model.leave_out(candidates)
    for row in rows:
        row.status, row.token, row.attempts = Status.SENDING, secrets.token_hex(16), row.attempts + 1
        row.lease_until = timezone.now() + LEASE
    update_rows(
        model,
        ("id", "status", "token", "attempts", "lease_until"),
        [(row.pk, row.status, row.token, row.attempts, row.lease_until) for row in rows],
        {name: f"v.{name}" for name in ("status", "token", "attempts", "lease_until")},
        where="t.id = v.id",
    )
    return rows


def settle(outcomes):
    """Write down what became of claimed rows: pairs of row and Outcome, of one model."""
    for pause in (*SETTLING_PAUSES, None):
        try:
            return _settle(outcomes)
        except OperationalError:
            if pause is None:
                raise
            logger.warning("The database did not take the outcome of %d sends; trying again.", len(outcomes))
            time.sleep(pause)
            close_old_connections()


def _settle(outcomes):
    try:
        with transaction.atomic():
            _write(outcomes)
    except IntegrityError:
        for row, outcome in outcomes:
            _settle_alone(row, outcome)


def _settle_alone(row, outcome):
    """A wamid that another row of the number has already says nothing about this one."""
    try:
        with transaction.atomic():
            _write([(row, outcome)])
    except IntegrityError:
        logger.error("Meta gave the id %s to more than one message.", outcome.wamid)
        _write([(row, Outcome(outcome.status, accepted_at=outcome.accepted_at))])


def _write(outcomes):
    """
    Only rows that are still under way, or whose lease ran out while Meta took its time: a status webhook may have
    been faster than the answer.
    """
    if not outcomes:
        return
    model = type(outcomes[0][0])
    update_rows(
        model,
        ("token", *SETTLED_FIELDS),
        [(row.token, *_settled(model, outcome)) for row, outcome in outcomes],
        {**{name: f"v.{name}" for name in SETTLED_FIELDS}, "lease_until": "NULL"},
        where="t.token = v.token AND t.status IN ('sending', 'unknown')",
    )


def _settled(model, outcome):
    """The values of SETTLED_FIELDS. What is to be sent again waits as its model does."""
    values = [getattr(outcome, name) for name in SETTLED_FIELDS]
    return [model.waits_as, *values[1:]] if outcome.status == Status.QUEUED else values


def under_way(model):
    return model.objects.filter(IS_OPEN, status=Status.SENDING)


def settle_expired(at=None):
    """Sends whose lease ended by `at` (now) are `unknown`: whoever made them is gone. Returns how many."""
    at = at or timezone.now()
    return sum(
        _give_up(under_way(model).filter(business__language=language, lease_until__lte=at), language)
        for model in outbound_models()
        for language, _name in settings.LANGUAGES
    )


def settle_abandoned():
    """Settle all sends under way, for a process that starts as the only one on this database."""
    return settle_expired(timezone.now() + LEASE)


def _give_up(rows, language):
    with translation.override(language):
        return rows.update(status=Status.UNKNOWN, lease_until=None, error_title=str(AnswerLost()))
