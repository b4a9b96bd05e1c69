"""
C1: a claim of replies among 20,000 that wait on one number with 300,000 messages (1.3 million with --whole), about
which the database has not been told: the statistics are of before.
"""

import os
import statistics
from functools import partial

from .measuring import KINDS, database, main, seconds_of, use
from .results import Row

QUEUED = 20_000
#: Rows of a claim, and claims.
LIMIT, CLAIMS = 45, 50
#: Conversations of the number.
SHORT, WHOLE = 30_000, 130_000


def measure(kind, whole):
    os.environ["BENCHMARK_CONVERSATIONS"] = str(WHOLE if whole else SHORT)
    with database("benchmark_claims", kind) as url:
        use(url)
        yield from rows()


def rows():
    from django.db import connection

    from crm.models import Message
    from whatsapp.sending import ledger

    from . import big_number

    number_id, _other = big_number.build()
    queue(number_id)
    claimed = []

    def claim():
        rows = ledger.claim(Message, number_id, LIMIT)
        claimed.append(len(rows))

    times = [seconds_of(claim) for _ in range(CLAIMS)]
    assert claimed == [LIMIT] * CLAIMS
    yield Row(
        f"C1 claim of {LIMIT} replies, {QUEUED:,} queued, median", "≤ 10 ms", statistics.median(times) * 1000, "ms"
    )
    yield Row("C1 slowest", "", max(times) * 1000, "ms")
    connection.close()


def queue(number_id):
    """A reply in each of so many conversations."""
    from whatsapp.models import WhatsAppNumber

    from .filling import fill, first, unchecked

    number = WhatsAppNumber.objects.get(pk=number_id)
    with unchecked():
        fill(
            "messages",
            QUEUED,
            business_id=number.business_id,
            whatsapp_number_id=number.pk,
            conversation_id=f"{first('conversations')} + n - 1",
            direction="'out'",
            origin="'bot'",
            type="'text'",
            status="'queued'",
            text="'Ответ ' || n",
            timestamp="CURRENT_TIMESTAMP",
            created_at="CURRENT_TIMESTAMP",
        )


if __name__ == "__main__":
    main({f"C claims of replies on {kind}": partial(measure, kind) for kind in KINDS}, rounds=1)
