"""
The moves of the delivery ledger: rows are claimed before a call and settled after it, and a person settles those whose
answer was lost. Each move is one committed UPDATE, so that whatever is killed when, nothing is sent twice.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Exists, F, Min, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, LPad
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.bulk_update import update_rows
from accounts.database.outages import keep_trying
from accounts.database.prepared import PreparedQuery
from accounts.models import Business
from accounts.refusals import Refusal
from whatsapp.graph.errors import AnswerLost
from whatsapp.models import IS_OPEN, Claimed, Claimer, OutboundMessage, outbound_models

from .outcomes import Outcome

logger = logging.getLogger(__name__)

Status = OutboundMessage.Status

Model = type[OutboundMessage]
Row = TypeVar("Row", bound=OutboundMessage)
Claim = TypeVar("Claim", bound=Sequence[Claimed])

#: The token of a claimed row, and the id that Meta gave its message.
Send = tuple[str | None, str | None]

#: How long a claimed row may be under way: longer than a call lasts (graph.pool.CALL_TIMEOUT).
LEASE = timedelta(seconds=60)

#: How many open rows of a number a claim looks at first.
LOOK_AHEAD = 500

#: Seconds that what was sent, or was not after all, waits to be written down while the database is out of reach.
SETTLING_TIMEOUT = 30


def has_message(number_id: int, wamid: str) -> bool:
    """Whether a number's message with Meta's id `wamid` is in the ledger, whatever sent it."""
    return any(model.objects.filter(whatsapp_number=number_id, wamid=wamid).exists() for model in outbound_models())


def due(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of waiting rows that are to be sent now, in order. A row waits for every earlier one it is ordered by."""
    model = rows.model
    if model.ordered_by:
        earlier = model.objects.filter(
            IS_OPEN,
            whatsapp_number_id=OuterRef("whatsapp_number_id"),
            pk__lt=OuterRef("pk"),
            **{model.ordered_by: OuterRef(model.ordered_by)},
        )
        rows = rows.filter(~Exists(earlier))
    return _on_time(rows)


def _on_time(rows: QuerySet[Row], now: datetime | None = None) -> QuerySet[Row]:
    return rows.filter(Q(due_at__isnull=True) | Q(due_at__lte=now or timezone.now())).order_by("pk")


def claim(model: Model, number_id: int, limit: int) -> list[OutboundMessage]:
    """Up to `limit` rows to be sent now, each `sending` with a token of its own. They are nobody else's."""
    return _committed_or_undone(model, number_id, lambda secret: _claim(model, number_id, limit, secret))


def claim_bulk(
    model: Model, number_id: int, claimer: Claimer, known: Mapping[str, Any], limit: int
) -> Sequence[Claimed]:
    """The same for rows that come by the thousand, while the number is as `known`."""
    lease_until = timezone.now() + LEASE
    return _committed_or_undone(model, number_id, lambda secret: claimer.claim(known, limit, secret, lease_until))


def _committed_or_undone(model: Model, number_id: int, claim: Callable[[str], Claim]) -> Claim:
    """
    Claim with tokens that begin with a new secret. What fails, even after its commit, is as if it had not been. Raises
    RuntimeError in a transaction: what is claimed must be committed before anything is sent.
    """
    # As `atomic(durable=True)` does, without the statements of a transaction around one that needs none.
    if connection.in_atomic_block and not connection.atomic_blocks[-1]._from_testcase:  # type: ignore[attr-defined]
        raise RuntimeError("A claim cannot be a part of a transaction.")
    secret = secrets.token_hex(6)
    # Where there is no database nothing is claimed that would have to be undone.
    connection.ensure_connection()
    try:
        return claim(secret)
    except Exception:
        keep_trying(partial(_undo_claim, model, number_id, secret), SETTLING_TIMEOUT)
        raise


def _undo_claim(model: Model, number_id: int, secret: str) -> None:
    """Undo a claim that may have been committed just before its connection was cut: nothing of it was sent."""
    claimed = model.objects.filter(IS_OPEN, whatsapp_number=number_id, status=Status.SENDING, token__startswith=secret)
    claimed.update(status=model.waits_as, token=None, attempts=F("attempts") - 1, lease_until=None)


@transaction.atomic(durable=True)
def _claim(model: Model, number_id: int, limit: int, secret: str) -> list[OutboundMessage]:
    rows = _next_heads(model, number_id, limit)
    for row in rows:
        row.status, row.token, row.attempts = Status.SENDING, f"{secret}{row.pk:020}", row.attempts + 1
    model.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.SENDING,
        token=Concat(Value(secret), LPad(Cast("pk", CharField()), 20, Value("0"))),
        attempts=F("attempts") + 1,
        lease_until=timezone.now() + LEASE,
    )
    return rows


def _locked(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.select_for_update(skip_locked=True, of=("self",)).select_related(*rows.model.sent_with)


def _next_heads(model: Model, number_id: int, limit: int) -> list[OutboundMessage]:
    """
    Up to `limit` rows that are `due`, locked. They are looked for among the first open rows of the number, then among
    more: where none of these may go, all of them wait for a few conversations. So a claim costs the same however long
    the queue is, and whatever the database believes about it.
    """
    size = LOOK_AHEAD
    while True:
        if rows := _due_heads(model, limit, size).fetch(number_id, timezone.now()):
            return rows
        if not _open_rows(model, number_id)[size : size + 1]:
            return []
        size *= 8


def _open_rows(model: Model, number_id: int) -> QuerySet[OutboundMessage]:
    return model.objects.filter(IS_OPEN, whatsapp_number=number_id).order_by("pk")


@lru_cache(maxsize=256)
def _due_heads(model: Model, limit: int, size: int) -> PreparedQuery[OutboundMessage]:
    """The first `limit` rows that are due among the first `size` open ones of a number (its id) at a moment."""

    def build(number_id: int, now: datetime) -> QuerySet[OutboundMessage]:
        first = model.objects.filter(pk__in=_open_rows(model, number_id).values("pk")[:size])
        assert model.ordered_by
        heads = first.order_by().values(model.ordered_by).annotate(head=Min("pk")).values("head")
        return _locked(_on_time(model.waiting(number_id).filter(pk__in=heads), now))[:limit]

    return PreparedQuery(build, int, datetime)


def settle(outcomes: Sequence[tuple[Claimed, Outcome]], model: Model) -> None:
    """
    Write down what became of claimed rows of a model: pairs of row and Outcome. Call it outside of any transaction;
    while the database is away it waits.
    """
    keep_trying(partial(_settle, model, outcomes), SETTLING_TIMEOUT)


def _settle(model: Model, outcomes: Sequence[tuple[Claimed, Outcome]]) -> None:
    """Write in one statement for all rows of which the same became. Each commits by itself."""
    alike: dict[object, tuple[Outcome, list[Send]]] = {}
    # In the order in which status webhooks lock them, so that nobody deadlocks.
    for row, outcome in sorted(outcomes, key=lambda pair: pair[0].pk):
        _outcome, sends = alike.setdefault(tuple(outcome.but_for_wamid.values()), (outcome, []))
        sends.append((row.token, outcome.wamid))
    for outcome, sends in alike.values():
        try:
            _write(model, outcome, sends)
        except IntegrityError:
            for token, wamid in sends:
                _write_alone(model, outcome, token, wamid)


def _write_alone(model: Model, outcome: Outcome, token: str | None, wamid: str | None) -> None:
    """Write one row. A wamid that another row of the number has already says nothing about this one."""
    try:
        _write(model, outcome, [(token, wamid)])
    except IntegrityError:
        logger.error("Meta gave the id %s to more than one message.", wamid)
        _write(model, outcome, [(token, None)])


def _write(model: Model, outcome: Outcome, sends: list[Send]) -> None:
    """
    Write an outcome into rows that are still under way, or whose lease ran out while Meta took its time. The others
    have got a status by webhook, which was faster than the answer.
    """
    values = outcome.but_for_wamid
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


def expired(model: Model, language: str, at: datetime) -> QuerySet[OutboundMessage]:
    """The sends under way of businesses with a language whose lease ends by `at`."""
    # Without a join: the database looks at each row's status again when it had to wait for it.
    speaks = Business.objects.filter(pk=OuterRef("business"), language=language)
    return model.objects.filter(IS_OPEN, Exists(speaks), status=Status.SENDING, lease_until__lte=at)


def settle_expired(at: datetime | None = None) -> int:
    """Make sends `unknown` whose lease ended by `at` (now): whoever made them is gone. Returns how many."""
    at = at or timezone.now()
    return sum(
        _lose(expired(model, language, at), language)
        for model in outbound_models()
        for language, _name in settings.LANGUAGES
    )


def settle_abandoned() -> int:
    """Settle all sends under way, for a process that starts as the only one on this database."""
    return settle_expired(timezone.now() + LEASE)


def settle_restored() -> int:
    """
    Make everything `unknown` that waits in a database from a backup: it may have been sent after the backup was made,
    so that only a person can say “send again”. Returns how many rows it was.
    """
    return sum(
        _lose_restored(model.objects.filter(IS_OPEN, business__language=language), language)
        for model in outbound_models()
        for language, _name in settings.LANGUAGES
    )


def _lose_restored(rows: QuerySet[OutboundMessage], language: str) -> int:
    with translation.override(language):
        title = _("Restored from a backup: it may have been sent after the backup was made.")
        return rows.update(status=Status.UNKNOWN, lease_until=None, due_at=None, error_title=title)


def _lose(rows: QuerySet[OutboundMessage], language: str) -> int:
    with translation.override(language):
        return rows.update(status=Status.UNKNOWN, lease_until=None, error_title=str(AnswerLost()))


def count_as_sent(row: OutboundMessage) -> None:
    """A person says that a message whose answer was lost did go out. Raises Refusal when it is not `unknown`."""
    _decide(row, status=Status.SENT, sent_at=timezone.now())


def send_again(row: OutboundMessage) -> None:
    """A person says that a message whose answer was lost is to be sent again. It may arrive twice. Raises Refusal."""
    _decide(row, status=row.waits_as, due_at=None, attempts=0)


def try_again(row: OutboundMessage) -> None:
    """A person says that a message that did not go out is to be tried once more. Raises Refusal."""
    changes = {"status": row.waits_as, "due_at": None, "attempts": 0, "wamid": None, "token": None}
    if (
        not type(row)
        .objects.filter(pk=row.pk, status=Status.FAILED)
        .update(**changes, error_code=None, error_title="", accepted_at=None, sent_at=None)
    ):
        raise Refusal("not_failed", _("The status of this message is known by now. Reload the page to see it."))
    row.refresh_from_db()


def _decide(row: OutboundMessage, **changes: Any) -> None:
    changes |= {"error_code": None, "error_title": ""}
    if not type(row).objects.filter(pk=row.pk, status=Status.UNKNOWN).update(**changes):
        raise Refusal("not_unknown", _("The status of this message is known by now. Reload the page to see it."))
    row.refresh_from_db()
