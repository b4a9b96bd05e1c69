"""
R1: batches of messages of known people, from the stored events to the rows of their conversations. What a message uses
of the processors here and in PostgreSQL, without the tasks that follow.
"""

import os
import sys
import time
from functools import partial
from unittest.mock import patch

from .measuring import KINDS, cost_of, database, in_turns, main, use
from .results import Row

#: Messages in a batch, each of somebody else, and batches in a round.
BATCH, BATCHES = 50, 4

#: Microseconds of CPU of a message here and in PostgreSQL.
GOALS = "≤ 250 µs", "≤ 150 µs"


def measure(kind, _whole):
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_recording", kind) as url:
        use(url, redis_url if kind == "PostgreSQL" else "")
        # Without the turns of bots that follow.
        with patch("whatsapp.webhooks.process._follow_up"):
            yield from rows(kind)


def rows(kind):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.testing import make_business
    from crm.testing import make_conversation
    from whatsapp.testing import make_number
    from whatsapp.webhooks import process as events

    number = make_number(make_business())
    phones = [make_conversation(number).customer.phone for _ in range(BATCH)]

    def record():
        for _ in range(BATCHES):
            store(number, phones)
        # A line is processed until it is empty.
        return cost_of(lambda: events.process_line(number.pk, seconds=600))

    [(seconds, cpu, cpu_of_postgresql)] = in_turns(record)
    store(number, phones)
    with CaptureQueriesContext(connection) as statements:
        events.process_line(number.pk)
    messages = BATCH * BATCHES
    yield Row("R1 messages recorded", "", messages / seconds, "/s", cpu=(cpu + cpu_of_postgresql) / messages * 1e6)
    yield Row("R1 CPU of one", GOALS[0], cpu / messages * 1e6, "µs")
    if kind == "PostgreSQL":
        yield Row("R1 CPU of one, in PostgreSQL", GOALS[1], cpu_of_postgresql / messages * 1e6, "µs")
    yield Row(f"R2 statements of a batch of {BATCH}", "", len(statements))
    connection.close()


def store(number, phones):
    """An event for a new message of each of these people."""
    from whatsapp.models import WebhookEvent
    from whatsapp.testing import message_from, value_of

    WebhookEvent.objects.bulk_create(
        WebhookEvent(
            business=number.business,
            whatsapp_number=number,
            field="messages",
            value=value_of(
                number,
                contacts=[{"profile": {"name": "Anna"}, "wa_id": phone.lstrip("+")}],
                messages=[message_from(phone, "text", {"body": "Добрый день"}, f"wamid.{time.time_ns()}.{phone}")],
            ),
        )
        for phone in phones
    )


if __name__ == "__main__":
    main({f"Recording batches of {BATCH} on {kind}": partial(measure, kind) for kind in KINDS})
