"""
P1: a broadcast to 100,000 people planned, on PostgreSQL or SQLite, whichever DATABASE_URL names (SQLite when nothing):
processor time, and how long one transaction takes, during which SQLite's other writers wait.
"""

import os
import statistics
import time
from unittest.mock import patch

from .broadcast import cpu_seconds
from .measuring import database, table, use

PEOPLE = 100_000
ROUNDS = 3


def main():
    kind = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
    with database("benchmark_planning", kind) as url:
        use(url)
        rounds = [plan(number) for number in [build()] * (ROUNDS + 1)][1:]
    cpu, of_server, longest = (statistics.median(side) for side in zip(*rounds, strict=True))
    lines = [
        ("P1 CPU", "≤ 5 s", "", f"{cpu:.2f} s", ""),
        ("P1 longest transaction", "≤ 30 ms", "", f"{longest * 1000:.0f} ms", ""),
    ]
    if of_server:
        lines.insert(1, ("P1 CPU of PostgreSQL", "", "", f"{of_server:.2f} s", ""))
    table(f"{kind}: a broadcast to {PEOPLE:,} people planned", lines, ROUNDS)


def build():
    """A number of a business with so many customers."""
    from accounts.testing import make_owner
    from whatsapp.testing import make_number

    from .filling import fill, tidy

    number = make_number(make_owner().business)
    fill(
        "customers",
        PEOPLE,
        business_id=number.business_id,
        phone="'+' || (79000000000 + n)",
        name="'Клиент ' || n",
        search_text="'клиент ' || n",
    )
    tidy()
    return number


def plan(number):
    """Seconds of this process's CPU and of the database server's, and those of the longest transaction."""
    from broadcasts import planning
    from broadcasts.testing import make_broadcast
    from whatsapp.testing import make_template

    template = make_template(number, "{{1}}, ваш заказ готов")
    broadcast = make_broadcast(number, template=template, parameters={"1": '{{customer.name|default:"друг"}}'})
    before, of_server = time.process_time(), seconds_of_server()
    taken = []
    with patch.object(planning, "store", timed(planning.store, taken)):
        broadcast.move("planning", since=["draft"])
        while planning.plan_batch(broadcast.pk):
            pass
    cpu, of_server = time.process_time() - before, seconds_of_server() - of_server
    assert broadcast.messages.filter(status="planned").count() == PEOPLE
    return cpu, of_server, max(taken)


def timed(store, taken):
    """The same function, which appends to `taken` how long it took: it is one transaction."""

    def call(*args):
        began = time.perf_counter()
        store(*args)
        taken.append(time.perf_counter() - began)

    return call


def seconds_of_server():
    """What the server's process for this connection has used of the processors so far (Linux); 0 on SQLite."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cpu_seconds(*cursor.fetchone())


if __name__ == "__main__":
    main()
