"""
Notes on each number when a webhook last came for it, and how many were refused since: what `whatsapp.numbers.issues`
goes by. Whatever is posted, a number's row is written at most once a minute for refusals, and as seldom for events.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from whatsapp.models import WhatsAppNumber

logger = logging.getLogger(__name__)

EVENT_INTERVAL = timedelta(minutes=10)
REFUSAL_INTERVAL = timedelta(minutes=1)

#: More refusals than this are not counted.
MAX_REFUSALS = 1_000_000

#: Refusals by number that this process has not written down yet.
_uncounted: Counter[int] = Counter()
_lock = threading.Lock()


def note_received(numbers: Iterable[WhatsAppNumber]) -> None:
    """A webhook came for these numbers and was stored. That ends what was refused before."""
    for number in numbers:
        if is_to_be_noted(number):
            _pop_count(number.pk)
            _write(number, last_event_at=timezone.now(), webhooks_refused=0, webhooks_refused_at=None)


def is_to_be_noted(number: WhatsAppNumber) -> bool:
    """Whether it is news that a webhook came for this number."""
    is_old = number.last_event_at is None or number.last_event_at < timezone.now() - EVENT_INTERVAL
    return is_old or number.webhooks_refused_at is not None


def note_refused(numbers: Iterable[WhatsAppNumber]) -> None:
    """A webhook named these numbers, and was not signed with their secret."""
    now = timezone.now()
    for number in numbers:
        with _lock:
            _uncounted[number.pk] += 1
        if number.webhooks_refused_at is None or number.webhooks_refused_at < now - REFUSAL_INTERVAL:
            count = Least(F("webhooks_refused") + _pop_count(number.pk), MAX_REFUSALS)
            _write(number, webhooks_refused=count, webhooks_refused_at=now)


def _pop_count(number_id: int) -> int:
    with _lock:
        return _uncounted.pop(number_id, 0)


def _write(number: WhatsAppNumber, **fields: object) -> None:
    """Update the number, unless somebody else has just done so. A failure to note something costs no webhook."""
    unchanged = WhatsAppNumber.objects.filter(pk=number.pk, webhooks_refused_at=number.webhooks_refused_at)
    try:
        unchanged.update(**fields)
    except DatabaseError:
        logger.exception("What came for number %s could not be noted.", number.pk)
