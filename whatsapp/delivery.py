"""
Sends what is queued in the ledger, for every model of it: claim a micro-batch, call Meta for each row at once, settle
the micro-batch. The calls are made outside of any transaction.
"""

import logging
import threading
import time
from collections import Counter
from contextlib import contextmanager

from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.refusals import Refusal

from . import ledger, outcomes, pauses, rates
from .cloud_api import AnswerLost, CloudApi, CloudApiTrouble, Unreachable
from .encryption import UnreadableSecret
from .ledger import settle_abandoned, settle_expired
from .models import OutboundMessage, WhatsAppNumber
from .sending_slots import slots, threads

__all__ = [
    "count_as_sent",
    "deliver",
    "numbers_with_due_rows",
    "send_again",
    "settle_abandoned",
    "settle_expired",
]

logger = logging.getLogger(__name__)

Status = OutboundMessage.Status

#: The most rows of one claim.
MICRO_BATCH = 32

#: Seconds until a number's bucket holds enough tokens again to be worth a claim.
PATIENCE = 0.1

#: How many threads of a process deliver for one number: one waits for a slow answer while the other goes on.
WORKERS_PER_NUMBER = 2


def deliver(model, number_id, seconds=20):
    """
    Send what is due through a number until nothing is, or for some seconds. Returns whether there is more to send.
    """
    with _one_of_few(model, number_id) as admitted:
        if not admitted:
            return False
        enough = time.monotonic() + seconds
        while time.monotonic() < enough:
            if not _deliver_some(model, number_id):
                return False
        return True


def numbers_with_due_rows(model):
    """The ids of the numbers that may send and have something to send."""
    numbers = WhatsAppNumber.objects.that_may_send().filter(Exists(ledger.due(model, OuterRef("pk"))))
    return list(numbers.order_by("pk").values_list("pk", flat=True))


def _deliver_some(model, number_id):
    """One micro-batch. Returns whether it is worth going on."""
    try:
        number = pauses.sendable(number_id)
    except UnreadableSecret:
        logger.error("The access token of number %s cannot be read with the keys in FIELD_KEYS.", number_id)
        return False
    if number is None:
        return False
    with slots.some(MICRO_BATCH) as held, translation.override(number.business.language):
        allowed = rates.take(number, held)
        rows = ledger.claim(model, number.pk, allowed) if allowed else []
        rates.give_back(number, allowed - len(rows))
        troubles = _send_all(number, rows)
    if not allowed:
        time.sleep(PATIENCE)
    return (bool(rows) or not allowed) and not any(isinstance(trouble, Unreachable) for trouble in troubles)


def _send_all(number, rows):
    """Send claimed rows at once, and write down what became of them. Returns the troubles there were."""
    bodies = [_body(row) for row in rows]
    answers = list(threads().map(_send, [number] * len(rows), bodies))
    now = timezone.now()
    ledger.settle([(row, _outcome(row, answer, now)) for row, answer in zip(rows, answers, strict=True)])
    troubles = [answer for answer in answers if isinstance(answer, CloudApiTrouble)]
    for trouble in _different(troubles):
        pauses.react(number, trouble)
    if answers and not troubles and number.status == WhatsAppNumber.Status.PROBLEM:
        pauses.recovered(number)
    return troubles


def _body(row):
    """The complete body of a row's message, or None when it cannot be put together."""
    try:
        message = row.cloud_api_message()
        return {"recipient_type": "individual", **message, "biz_opaque_callback_data": row.token}
    except Exception:
        logger.exception("%s %s could not be put together.", row._meta.label, row.pk)
        return None


def _send(number, body):
    """The wamid of a sent message, its CloudApiTrouble, or None when there was nothing to send. In a thread."""
    if body is None:
        return None
    try:
        return CloudApi(number.access_token).send(number.phone_number_id, body)
    except CloudApiTrouble as trouble:
        return trouble
    except Exception as error:
        logger.exception("A call to Meta failed in a way that no call should.")
        return AnswerLost(str(error))


def _outcome(row, answer, now):
    if answer is None:
        return outcomes.broken()
    if isinstance(answer, CloudApiTrouble):
        return outcomes.after_trouble(answer, row.attempts, now)
    return outcomes.accepted(answer, now)


def _different(troubles):
    return {getattr(trouble, "code", None): trouble for trouble in troubles}.values()


_delivering = Counter()
_delivering_lock = threading.Lock()


@contextmanager
def _one_of_few(model, number_id):
    """Whether this thread may deliver too; with enough at it already, one of them will find the new rows."""
    key = (model, number_id)
    with _delivering_lock:
        admitted = _delivering[key] < WORKERS_PER_NUMBER
        _delivering[key] += admitted
    try:
        yield admitted
    finally:
        with _delivering_lock:
            _delivering[key] -= admitted


def count_as_sent(row):
    """A person says that a message whose answer was lost did go out."""
    _decide(row, status=Status.SENT, sent_at=timezone.now())


def send_again(row):
    """A person says that a message whose answer was lost is to be sent (again). It may arrive twice."""
    _decide(row, status=Status.QUEUED, due_at=None, attempts=0)


def _decide(row, **changes):
    changes |= {"error_code": None, "error_title": ""}
    if not type(row).objects.filter(pk=row.pk, status=Status.UNKNOWN).update(**changes):
        raise Refusal("not_unknown", _("What became of this message is known by now. Reload the page to see it."))
    row.refresh_from_db()
