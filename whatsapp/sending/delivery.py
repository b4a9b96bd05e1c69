"""
Sends what is due in the ledger, for every model of it: rows are claimed as slots get free, Meta is called for each,
and the answers are settled, a micro-batch at a time. The calls are made outside of any transaction.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from whatsapp.graph import pool
from whatsapp.graph.answers import Recipient, read_recipient, read_wamid
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble, Unreachable
from whatsapp.graph.pool import RequestPool
from whatsapp.graph.requests import Request, build_send
from whatsapp.models import OutboundMessage, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from . import ledger, outcomes, rate_limiter, send_gate

logger = logging.getLogger(__name__)

#: A model of the ledger.
Model = type[OutboundMessage]

#: The most calls that a process has under way at once.
MAX_CALLS = 100

#: How many of them bulk sending leaves to everything else.
RESERVED_FOR_REPLIES = 10

#: The most rows of one claim.
MICRO_BATCH = 45

#: Seconds until a number's bucket holds enough tokens again, or a slot may be free, to be worth a claim.
CLAIM_INTERVAL = 0.1

#: Seconds between two looks for new rows while nothing but answers is waited for.
ANSWER_INTERVAL = 1

#: How many threads of a process claim for one number. Those that only wait for answers do not count.
MAX_CLAIMERS = 2


class Slots:
    """Counts what is free. Whoever claims rows holds their slots first, so that no row's lease passes in a queue."""

    def __init__(self, total: int) -> None:
        self._free = total
        self._lock = threading.Lock()

    def acquire(self, wanted: int, leaving: int = 0) -> int:
        """Hold up to `wanted` slots, none of the last `leaving`. Returns how many are held."""
        with self._lock:
            held = max(0, min(wanted, self._free - leaving))
            self._free -= held
            return held

    def release(self, held: int) -> None:
        with self._lock:
            self._free += held


slots = Slots(MAX_CALLS)


def deliver(model: Model, number_id: int, seconds: float = 5) -> bool:
    """
    Send what is due through a number until nothing is, or for some seconds. Returns whether there is more to send.
    """
    return Delivery(model, number_id).run(seconds)


def numbers_with_due_rows(model: Model) -> list[int]:
    """The ids of the numbers that may send and have something to send."""
    due = ledger.due(model.waiting(OuterRef("pk")))
    return list(WhatsAppNumber.objects.that_may_send().filter(Exists(due)).order_by("pk").values_list("pk", flat=True))


class Delivery:
    """What one thread sends through one number: a window of calls under way, refilled as answers come."""

    def __init__(self, model: Model, number_id: int) -> None:
        self.model = model
        self.number_id = number_id
        self.number: WhatsAppNumber
        self.calls: RequestPool[OutboundMessage] = RequestPool()
        #: How many calls are under way. Each holds a slot.
        self.under_way = 0
        self.is_cut_off = False
        self.has_claimed = False

    def run(self, seconds: float) -> bool:
        """Send what is due until nothing is, or for some seconds. Returns whether there is more to send."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                with _one_of_few(self.model, self.number_id) as admitted:
                    more = admitted and self._send_until(deadline)
                if not self.under_way:
                    return more
                self._settle_some(ANSWER_INTERVAL)
        except Exception:
            # Whatever keeps from sending more, the answers still to come are worth writing down.
            while self.under_way:
                self._settle_some(ANSWER_INTERVAL)
            raise
        finally:
            slots.release(self.under_way)
            self.calls.close()

    def _send_until(self, deadline: float) -> bool:
        """Claim and send again and again. Returns whether there is more to send when the time is up."""
        while time.monotonic() < deadline:
            if self.is_cut_off or not self._may_find_more() or not self._send_some():
                return False
            if not self.under_way:
                time.sleep(CLAIM_INTERVAL)
            self._settle_some(CLAIM_INTERVAL)
        return True

    def _may_find_more(self) -> bool:
        """Whether anything waits. At first something does: for that we were called."""
        return not self.has_claimed or self.model.waiting(self.number_id).exists()

    def _send_some(self) -> bool:
        """Claim a micro-batch and begin its calls. Returns False when nothing is to be sent now."""
        number = _sendable(self.number_id)
        if number is None:
            return False
        self.number, self.has_claimed = number, True
        held = slots.acquire(MICRO_BATCH, leaving=RESERVED_FOR_REPLIES if self.model.is_bulk else 0)
        under_way_before = self.under_way
        try:
            allowed = rate_limiter.take(self.number, held, self.model.is_bulk)
            rows = ledger.claim(self.model, self.number_id, allowed) if allowed else []
            if len(rows) < allowed:
                rate_limiter.give_back(self.number, allowed - len(rows))
            self._begin(rows)
        finally:
            slots.release(held - (self.under_way - under_way_before))
        return bool(rows) or not allowed

    def _begin(self, rows: list[OutboundMessage]) -> None:
        """Begin the calls of claimed rows."""
        broken: list[tuple[OutboundMessage, outcomes.Answer]] = []
        for row in rows:
            try:
                self.calls.start(row, _request(self.number, row))
                self.under_way += 1
            except CloudApiError as refusal:
                broken.append((row, refusal))
            except Exception:
                logger.exception("%s %s could not be put together.", row._meta.label, row.pk)
                broken.append((row, None))
        self._settle(broken)

    def _settle_some(self, timeout: float) -> None:
        """Wait for answers to calls, for some seconds at most, and settle their rows."""
        answers = self.calls.answers(timeout)
        slots.release(len(answers))
        self.under_way -= len(answers)
        self._settle([(row, _wamid_or_trouble(answer)) for row, answer in answers])
        for _row, answer in answers:
            if isinstance(answer, dict) and (recipient := read_recipient(answer)):
                self._recognise(recipient)

    def _recognise(self, recipient: Recipient) -> None:
        """Tell by what Meta knows somebody. What cannot be noted now comes again with the answer to the next send."""
        try:
            import_string(settings.WHATSAPP_RECIPIENT_HANDLER)(self.number, recipient)
        except DatabaseError:
            logger.exception("By what Meta knows a recipient of number %s could not be noted.", self.number_id)

    def _settle(self, answers: list[tuple[OutboundMessage, outcomes.Answer]]) -> None:
        """Write down what became of rows, and react to Meta's refusals."""
        if not answers:
            return
        now = timezone.now()
        with translation.override(self.number.business.language):
            ledger.settle([(row, outcomes.outcome_of(answer, row.attempts, now)) for row, answer in answers])
            troubles = {row: answer for row, answer in answers if isinstance(answer, CloudApiTrouble)}
            for trouble in _different(troubles.values()):
                send_gate.react(self.number, trouble)
            refusals = {row.pk: trouble for row, trouble in troubles.items() if isinstance(trouble, CloudApiError)}
            if refusals:
                self.model.refused(self.number, refusals)
        if not troubles and self.number.status == WhatsAppNumber.Status.PROBLEM:
            send_gate.resume(self.number)
        self.is_cut_off = any(isinstance(trouble, Unreachable) for trouble in troubles.values())


def _sendable(number_id: int) -> WhatsAppNumber | None:
    try:
        return send_gate.sendable(number_id)
    except UnreadableSecret:
        if send_gate.note_unreadable(number_id):
            logger.error("The access token of number %s cannot be read with the keys in FIELD_KEYS.", number_id)
        return None


def _request(number: WhatsAppNumber, row: OutboundMessage) -> Request:
    message = row.cloud_api_message()
    body = {"recipient_type": "individual", **message, "biz_opaque_callback_data": row.token}
    return build_send(number.access_token, number.phone_number_id, body)


def _wamid_or_trouble(answer: pool.Answer) -> str | CloudApiTrouble:
    if isinstance(answer, CloudApiTrouble):
        return answer
    try:
        return read_wamid(answer)
    except AnswerLost as trouble:
        return trouble


def _different(troubles: Iterable[CloudApiTrouble]) -> Iterable[CloudApiTrouble]:
    """One trouble of each code."""
    return {getattr(trouble, "code", None): trouble for trouble in troubles}.values()


_claiming: Counter[tuple[Model, int]] = Counter()
_claiming_lock = threading.Lock()


@contextmanager
def _one_of_few(model: Model, number_id: int) -> Iterator[bool]:
    """Whether this thread may claim too; with enough at it already, one of them will find the new rows."""
    key, limit = (model, number_id), 1 if model.is_bulk else MAX_CLAIMERS
    with _claiming_lock:
        admitted = _claiming[key] < limit
        _claiming[key] += admitted
    try:
        yield admitted
    finally:
        with _claiming_lock:
            _claiming[key] -= admitted
