"""
The moves of the delivery ledger around a call: rows are claimed before it, and settled after it. Each move is one
committed UPDATE, so that whatever is killed when, nothing is sent twice.
"""

import logging
import secrets
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, LPad
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.bulk_update import update_rows
from accounts.database.outages import is_outage, keep_trying
from accounts.models import Business
from whatsapp.graph.errors import AnswerLost
from whatsapp.models import IS_OPEN, OutboundMessage, outbound_models

from .outcomes import Outcome

logger = logging.getLogger(__name__)

Status = OutboundMessage.Status

#: How long a claimed row may be under way: longer than a call lasts (graph.pool.CALL_TIMEOUT).
LEASE = timedelta(seconds=60)

#: Seconds that what was sent, or was not after all, waits to be written down while the database is out of reach.
SETTLING_TIMEOUT = 30


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


def claim(model, number_id, limit):
    """Up to `limit` rows to be sent now, each `sending` with a token of its own. They are nobody else's."""
    secret = secrets.token_hex(6)
    # Where there is no database nothing was claimed that could be taken back.
    connection.ensure_connection()
    try:
        return _claim(model, number_id, limit, secret)
    except Exception as error:
        if is_outage(error):
            keep_trying(partial(_take_back, model, number_id, secret), SETTLING_TIMEOUT)
        raise


def _take_back(model, number_id, secret):
    """Undo a claim that may have been committed just before its connection was cut: nothing of it was sent."""
    claimed = model.objects.filter(IS_OPEN, whatsapp_number=number_id, status=Status.SENDING, token__startswith=secret)
    claimed.update(status=model.waits_as, token=None, attempts=F("attempts") - 1, lease_until=None)


@transaction.atomic(durable=True)
def _claim(model, number_id, limit, secret):
    rows = _next_rows(model, number_id, limit)
    for row in rows:
        row.status, row.token, row.attempts = Status.SENDING, f"{secret}{row.pk:020}", row.attempts + 1
    model.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.SENDING,
        token=Concat(Value(secret), LPad(Cast("pk", CharField()), 20, Value("0"))),
        attempts=F("attempts") + 1,
        lease_until=timezone.now() + LEASE,
    )
    return rows


def _next_rows(model: type[OutboundMessage], number_id: int, limit: int) -> list[OutboundMessage]:
    """Up to `limit` rows of the line whose turn it is, locked."""
    for line in model.lines_by_turn(number_id):
        waiting = due(line).select_for_update(skip_locked=True, of=("self",))
        waiting = waiting.select_related(*model.sent_with)[:limit]
        while candidates := list(waiting.all()):
            if rows := model.to_be_sent(candidates):
                return rows
    return []


def settle(outcomes):
    """
    Write down what became of claimed rows: pairs of row and Outcome. Call it outside of any transaction; while the
    database is away it waits.
    """
    keep_trying(partial(_settle, outcomes), SETTLING_TIMEOUT)


def _settle(outcomes):
    """In one statement for all rows of which the same became. Each commits by itself."""
    alike = {}
    # In the order in which status webhooks lock them, so that nobody deadlocks.
    for row, outcome in sorted(outcomes, key=lambda pair: pair[0].pk):
        alike.setdefault((type(row), replace(outcome, wamid=None)), []).append((row.token, outcome.wamid))
    for (model, outcome), sends in alike.items():
        try:
            _write(model, outcome, sends)
        except IntegrityError:
            for token, wamid in sends:
                _write_alone(model, outcome, token, wamid)


def _write_alone(model, outcome, token, wamid):
    """A wamid that another row of the number has already says nothing about this one."""
    try:
        _write(model, outcome, [(token, wamid)])
    except IntegrityError:
        logger.error("Meta gave the id %s to more than one message.", wamid)
        _write(model, outcome, [(token, None)])


def _write(model, outcome, sends):
    """
    Only rows that are still under way, or whose lease ran out while Meta took its time: a status webhook may have
    been faster than the answer.
    """
    values = {field.name: getattr(outcome, field.name) for field in fields(Outcome) if field.name != "wamid"}
    if outcome.status == Status.QUEUED:
        values["status"] = model.waits_as
    update_rows(
        model,
        ("token", "wamid"),
        sends,
        {"wamid": "v.wamid"},
        where="t.token = v.token AND t.status IN ('sending', 'unknown')",
        constants={**values, "lease_until": None},
    )


def expired(model, language, at):
    """The sends under way of businesses with a language whose lease ends by `at`."""
    # Without a join: the database looks at each row's status again when it had to wait for it.
    speaks = Business.objects.filter(pk=OuterRef("business"), language=language)
    return model.objects.filter(IS_OPEN, Exists(speaks), status=Status.SENDING, lease_until__lte=at)


def settle_expired(at=None):
    """Sends whose lease ended by `at` (now) are `unknown`: whoever made them is gone. Returns how many."""
    at = at or timezone.now()
    return sum(
        _give_up(expired(model, language, at), language)
        for model in outbound_models()
        for language, _name in settings.LANGUAGES
    )


def settle_abandoned():
    """Settle all sends under way, for a process that starts as the only one on this database."""
    return settle_expired(timezone.now() + LEASE)


def settle_restored():
    """
    In a database from a backup nothing of the ledger waits: it may have been sent after the backup was made, so that
    only a person can say “send again”. Returns how many rows are `unknown` now.
    """
    return sum(
        _lose_track(model.objects.filter(IS_OPEN, business__language=language), language)
        for model in outbound_models()
        for language, _name in settings.LANGUAGES
    )


def _lose_track(rows, language):
    with translation.override(language):
        told = _("Restored from a backup: it may have been sent after that was made.")
        return rows.update(status=Status.UNKNOWN, lease_until=None, due_at=None, error_title=told)


def _give_up(rows, language):
    with translation.override(language):
        return rows.update(status=Status.UNKNOWN, lease_until=None, error_title=str(AnswerLost()))
