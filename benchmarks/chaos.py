"""
Webhooks posted three times each, in any order and until they are answered 200, while processes are killed and started
again: each is stored and answered once, in order. By one `up` on SQLite, and by gunicorn, two workers of messages and
beat on a PostgreSQL and a Redis of their own; Meta is the simulator, over HTTP. With --whole 10,000 webhooks of 5000
customers and ten kills, else a part of it. Linux.

What is checked and how is in chatbot_site/tests/system/chaos.py, which a short version among the tests uses too.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

from .installation import Installation, Site, installed
from .measuring import SECRETS, main
from .results import Row

if TYPE_CHECKING:
    from whatsapp.simulator.testing import SimulatedMeta

#: Of so many customers, with so many kills.
SHORT, WHOLE = (600, 4), (5000, 10)
#: Messages of each customer.
EACH = 2
#: Seconds that Meta takes to answer, so that a kill finds sends under way.
LATENCY = 0.1

NUMBERS = [
    {
        "phone_number": f"+7495123456{serial}",
        "phone_number_id": f"10654035224292{serial}",
        "waba_id": "102290129340398",
        "access_token": f"EAAtoken{serial}",
        "app_secret": "the-shops-app-secret",
    }
    for serial in range(4)
]

SEED = """
from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from chatbot_site.tests.system.chaos import ECHO
from whatsapp.testing import make_number
business = make_business()
for number in {numbers!r}:
    make_published_scenario(make_bot(make_number(business, **number)), ECHO)
"""


class Workers(Site):
    """Services may be there more than once: `worker`, `worker 2`."""

    def command(self, name: str) -> str:
        service, _space, serial = name.partition(" ")
        return super().command(service).replace("worker@", f"worker{serial}@")


#: Title → what runs, and which of it is killed.
LAYOUTS = {
    "Chaos of one `up` on SQLite": (["up"], ["up"]),
    "Chaos of gunicorn and two workers on PostgreSQL + Redis": (
        ["web", "worker", "worker 2", "worker-calls", "worker-bulk", "beat"],
        ["web", "worker", "worker 2"],
    ),
}


@contextmanager
def simulated_meta() -> Iterator["SimulatedMeta"]:
    from whatsapp.simulator import server
    from whatsapp.simulator.graph import faults
    from whatsapp.simulator.testing import SimulatedMeta

    running = server.start()
    meta = SimulatedMeta(running)
    for number in NUMBERS:
        own = {name: number[name] for name in ("waba_id", "app_secret")}
        meta.directory.add_number(number["phone_number_id"], number["phone_number"], number["access_token"], **own)
    meta.simulator.courier.MAX_RETRY_DELAY = 1
    meta.faults.on_send(faults.slow(LATENCY), times=None)
    try:
        yield meta
    finally:
        running.stop()


def chaos(layout: str, whole: bool) -> list[Row]:
    os.environ.update(SECRETS, DATABASE_URL="sqlite:///:memory:", REDIS_URL="")
    import django

    django.setup()
    processes, victims = LAYOUTS[layout]
    customers, kills = WHOLE if whole else SHORT
    seed = SEED.format(numbers=NUMBERS)
    with simulated_meta() as meta, installed(processes, seed, meta.url, Workers) as it:
        meta.post_webhooks_to(it.site.url)
        return storm(it, meta, victims, customers, kills)


def storm(it: Installation, meta: "SimulatedMeta", victims: list[str], customers: int, kills: int) -> list[Row]:
    from chatbot_site.tests.system.chaos import Poster, Storm, written

    def kill() -> None:
        name = random.choice(victims)
        it.site.kill(name)
        it.site.start(name)

    webhooks = written([SimpleNamespace(**number) for number in NUMBERS], customers, EACH)
    storm = Storm(Poster(it.site.url, webhooks), meta.simulator, it.query)
    began = time.monotonic()
    storm.blow(kills, kill)
    seconds = time.monotonic() - began
    found = storm.findings()
    faults = found.faults()
    for fault, where in faults.items():
        print(f"{fault}: {len(where)}, such as {', '.join(map(str, where[:3]))}", flush=True)
    count = len(webhooks)
    return [
        Row(f"webhooks stored once, {kills} kills", "≥ 1 ×", len(set(found.stored)), limit=count),
        Row("answers that Meta has", "", len(set(found.received)), limit=count),
        Row("unknown: cut off by a kill", "", len(found.unknown)),
        Row("faults: lost, doubled, out of order, left", "≤ 0", sum(map(len, faults.values()))),
        Row("posts that were not answered 200", "", sum(found.poster.refused.values())),
        Row("seconds", "", seconds, "s"),
    ]


if __name__ == "__main__":
    main({layout: lambda whole, layout=layout: chaos(layout, whole) for layout in LAYOUTS}, rounds=1)
