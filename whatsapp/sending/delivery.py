"""
Sends what is due in the ledger, for every model of it: rows are claimed as slots get free, Meta is called for each,
and the answers are settled, a micro-batch at a time. The calls are made outside of any transaction.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from whatsapp.graph import pool
from whatsapp.graph.answers import Recipient, read_recipient, read_wamid
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble, Unreachable
from whatsapp.graph.requests import Request
from whatsapp.models import Claimed, OutboundMessage, WhatsAppNumber

from . import ledger, outcomes, rate_limiter, send_gate
from .lanes import lane_of
from .slots import Slots

logger = logging.getLogger(__name__)

#: A model of the ledger.
Model = type[OutboundMessage]

#: The most sends that a process has under way at once.
MAX_CALLS = 100

#: How many of them bulk sending leaves to everything else.
RESERVED_FOR_REPLIES = 10

#: The most rows of one claim, and the fewest free slots for which bulk makes one.
MICRO_BATCH = 45
MIN_BULK_CLAIM = 30

#: Seconds until a number's bucket holds enough tokens again, or a slot may be free, to be worth a claim.
CLAIM_INTERVAL = 0.1

#: Seconds until bulk claims again for a number whose rate it has used up: some rows together cost less.
RATE_INTERVAL = 0.1

#: Seconds between two looks for new rows while nothing but answers is waited for.
ANSWER_INTERVAL = 1

#: How many threads of a process claim for one number. Those that only wait for answers do not count.
MAX_CLAIMERS = 2

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
        self.lane = lane_of(model, number_id)
        #: How many calls are under way. Each holds a slot.
        self.under_way = 0
        self.is_cut_off = False
        self.has_claimed = False
        #: Whether the last claim of bulk took as many rows as one may: then there may be more at once.
        self.is_full = False
        #: When a number whose rate was used up may claim again (time.monotonic).
        self.claims_from = 0.0

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
            self.lane.calls.close()

    def _send_until(self, deadline: float) -> bool:
        """Claim and send again and again. Returns whether there is more to send when the time is up."""
        while time.monotonic() < deadline:
            if self.is_cut_off or not self._may_find_more() or not self._send_some():
                return False
            if self.under_way and not self.is_full:
                self._settle_some(CLAIM_INTERVAL)
            elif not self.under_way:
                time.sleep(self._pause())
        return True

    def _may_find_more(self) -> bool:
        """Whether anything waits. At first something does: for that we were called. A claim of bulk costs no more."""
        return self.model.is_bulk or not self.has_claimed or self.model.waiting(self.number_id).exists()

    def _send_some(self) -> bool:
        """Claim a micro-batch and begin its calls. Returns False when nothing is to be sent now."""
        self.is_full = False
        if not self.lane.is_open():
            return False
        self.has_claimed = True
        held = self._hold_slots() if time.monotonic() >= self.claims_from else 0
        if not held:
            return True
        under_way_before = self.under_way
        try:
            allowed = rate_limiter.take(self.lane.number, held, self.model.is_bulk)
            if self.model.is_bulk and allowed < held:
                self.claims_from = time.monotonic() + RATE_INTERVAL
            rows = self.lane.claim(allowed) if allowed else []
            if len(rows) < allowed:
                rate_limiter.give_back(self.lane.number, allowed - len(rows))
            self._begin(rows)
            self.is_full = self.model.is_bulk and len(rows) == MICRO_BATCH
        finally:
            slots.release(held - (self.under_way - under_way_before))
        return bool(rows) or not allowed

    def _hold_slots(self) -> int:
        if not self.model.is_bulk:
            return slots.acquire(MICRO_BATCH)
        timeout = 0 if self.under_way else CLAIM_INTERVAL
        return slots.acquire_several(MICRO_BATCH, RESERVED_FOR_REPLIES, MIN_BULK_CLAIM, timeout)

    def _pause(self) -> float:
        """Seconds until a claim is worth while again, with nothing under way. For slots bulk has waited already."""
        return max(0, self.claims_from - time.monotonic()) if self.model.is_bulk else CLAIM_INTERVAL

    def _begin(self, rows: Sequence[Claimed]) -> None:
        """Begin the calls of claimed rows."""
        calls: list[tuple[Claimed, Request]] = []
        broken: list[tuple[Claimed, outcomes.Answer]] = []
        for row in rows:
            try:
                calls.append((row, self.lane.request(row)))
            except CloudApiError as refusal:
                broken.append((row, refusal))
            except Exception:
                logger.exception("%s %s could not be put together.", self.model._meta.label, row.pk)
                broken.append((row, None))
        self.lane.calls.start_all(calls)
        self.under_way += len(calls)
        self._settle(broken)

    def _settle_some(self, timeout: float) -> None:
        """Wait for answers to calls, for some seconds at most, and settle their rows."""
        answers = self.lane.calls.answers(timeout)
        slots.release(len(answers))
        self.under_way -= len(answers)
        self._settle([(row, _wamid_or_trouble(answer)) for row, answer in answers])
        for _row, answer in answers:
            if isinstance(answer, dict) and (recipient := read_recipient(answer)):
                self._recognise(recipient)

    def _recognise(self, recipient: Recipient) -> None:
        """Tell by what Meta knows somebody. What cannot be noted now comes again with the answer to the next send."""
        try:
            import_string(settings.WHATSAPP_RECIPIENT_HANDLER)(self.lane.number, recipient)
        except DatabaseError:
            logger.exception("By what Meta knows a recipient of number %s could not be noted.", self.number_id)

    def _settle(self, answers: Sequence[tuple[Claimed, outcomes.Answer]]) -> None:
        """Write down what became of rows, and react to Meta's refusals."""
        if not answers:
            return
        now, number = timezone.now(), self.lane.number
        troubles = {row.pk: answer for row, answer in answers if isinstance(answer, CloudApiTrouble)}
        with translation.override(number.business.language):
            settled = [(row, outcomes.outcome_of(answer, row.attempts, now)) for row, answer in answers]
            ledger.settle(settled, self.model)
            for trouble in _different(troubles.values()):
                send_gate.react(number, trouble)
            refusals = {pk: trouble for pk, trouble in troubles.items() if isinstance(trouble, CloudApiError)}
            if refusals:
                self.model.refused(number, refusals)
        if not troubles and number.status == WhatsAppNumber.Status.PROBLEM:
            send_gate.resume(number)
        self.is_cut_off = any(isinstance(trouble, Unreachable) for trouble in troubles.values())


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
