"""
A customer's message from its POST to our answer at Meta: how many are answered in a second and what they cost, and how
long one waits at a steady rate. By one `up` on SQLite, by the processes of deploy/compose.yaml on a PostgreSQL and a
Redis of their own, and by the plainest design that promises the same (`plain_chatbot`). Linux.

They are measured one after the other, not in turns: each needs the whole machine for a minute.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from .cpu import cpu_seconds
from .installation import ROOT, SERVICES, Site, installed
from .measuring import SECRETS, main
from .outages import COMPOSE, SEED
from .results import Row
from .webhook import NUMBER, SECRET

#: Customers who write at once, as fast as they are taken.
BURST = 600
#: Customers who write in a second, and for how many seconds.
RATE, SECONDS = 20, 30
#: Seconds until the last one must be answered.
TIMEOUT = 120


class PlainSite(Site):
    """The yardstick under the same servers."""

    def manage(self, *arguments: str) -> None:
        """Its one command makes its tables, and it needs no other."""
        if arguments[0] == "migrate":
            command = [sys.executable, "-m", "benchmarks.plain_chatbot"]
            subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def command(self, name: str) -> str:
        command: str = SERVICES[name]["command"]
        return "-m " + (
            command.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}")
            .replace("chatbot_site.wsgi", "benchmarks.plain_chatbot")
            .replace("-A chatbot_site", "-A benchmarks.plain_chatbot")
            .replace("--queues inbound,outbound", "")
        )


@dataclass(frozen=True)
class Layout:
    name: str
    processes: list[str]
    #: Of answers a second, and of the CPU of one.
    rate: str = ""
    cpu: str = ""
    site: type[Site] = Site


PLAIN = Layout("the plain design", ["web", "worker"], site=PlainSite)
LAYOUTS = [
    Layout("one `up` on SQLite", ["up"], "≥ 150 /s", "≤ 6 ms"),
    Layout("PostgreSQL + Redis", [*COMPOSE, "worker-files"], "≥ 5 ×", "≤ 4 ms"),
]


@dataclass
class Meta:
    """Stands in for Meta in a thread: accepts every message, and notes when the first one to a phone came."""

    answered: dict[str, float] = field(default_factory=dict)
    messages: int = 0
    port: int = 0

    def start(self) -> None:
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait()

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head_of(reader):
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = json.loads(await reader.readexactly(length) or b"{}")
            self.messages += 1
            if "to" in body:
                self.answered.setdefault(body["to"].lstrip("+"), time.monotonic())
            answer = json.dumps({"messages": [{"id": f"wamid.answer{self.messages}"}], "success": True}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


async def _head_of(reader: asyncio.StreamReader) -> bytes:
    """The head of the next request; empty when there is none."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def webhook(phone: str) -> tuple[bytes, dict[str, str]]:
    from whatsapp.testing import message_from, sign

    message = message_from(phone, "text", {"body": "Добрый день"}, wamid=f"wamid.{phone}")
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "74951234567", "phone_number_id": NUMBER["phone_number_id"]},
        "contacts": [{"profile": {"name": "Anna"}, "wa_id": phone}],
        "messages": [message],
    }
    entry = {"id": NUMBER["waba_id"], "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    return body, {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, SECRET)}


async def write(url: str, phones: list[str], rate: float | None) -> dict[str, float]:
    """Post a message of each phone, so many a second (None: at once). Returns when each was written."""
    posts = [(phone, *webhook(phone)) for phone in phones]
    written: dict[str, float] = {}
    began = time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16)) as session:

        async def post(serial: int, phone: str, body: bytes, headers: dict[str, str]) -> None:
            if rate:
                await asyncio.sleep(began + serial / rate - time.monotonic())
            written[phone] = time.monotonic()
            async with session.post(f"{url}/webhooks/whatsapp/", data=body, headers=headers) as answer:
                if answer.status != 200:
                    sys.exit(f"A webhook was answered {answer.status}.")

        await asyncio.gather(*(post(serial, *it) for serial, it in enumerate(posts)))
    return written


def answer(url: str, meta: Meta, prefix: str, count: int, rate: float | None) -> tuple[float, list[float]]:
    """Seconds until all are answered, and how long each waited."""
    phones = [f"{prefix}{serial:07}" for serial in range(count)]
    began = time.monotonic()
    written = asyncio.run(write(url, phones, rate))
    while not all(phone in meta.answered for phone in phones):
        if time.monotonic() > began + TIMEOUT:
            sys.exit(f"Only {sum(phone in meta.answered for phone in phones)} of {count} were answered.")
        time.sleep(0.01)
    return max(meta.answered[phone] for phone in phones) - began, [meta.answered[it] - written[it] for it in phones]


@dataclass(frozen=True)
class Measured:
    """Answers a second, CPU seconds of one and of PostgreSQL for one, and how long customers waited."""

    rate: float
    cpu: float
    cpu_of_postgresql: float
    waits: list[float]


def measure(layout: Layout) -> Measured:
    meta = Meta()
    meta.start()
    seed = SEED.format(secret=SECRET, number=NUMBER)
    with installed(layout.processes, seed, f"http://127.0.0.1:{meta.port}", layout.site) as it:
        time.sleep(3)
        ours = [process.pid for process in it.site.processes.values()]
        database = [it.postgres.pid] if it.postgres else []
        answer(it.site.url, meta, "7915", 50, None)
        before, before_database = cpu_seconds(ours), cpu_seconds(database)
        seconds, _waits = answer(it.site.url, meta, "7916", BURST, None)
        used, used_database = cpu_seconds(ours) - before, cpu_seconds(database) - before_database
        _seconds, waits = answer(it.site.url, meta, "7917", RATE * SECONDS, RATE)
    return Measured(BURST / seconds, used / BURST, used_database / BURST, waits)


def rows(_whole: bool) -> Iterator[Row]:
    os.environ.update(SECRETS, DATABASE_URL="sqlite:///:memory:", REDIS_URL="")
    import django

    django.setup()
    plain = measure(PLAIN)
    for layout in LAYOUTS:
        ours = measure(layout)
        costs = {"cpu": ours.cpu * 1e6, "limit_cpu": plain.cpu * 1e6}
        yield Row(f"A1 answered, {layout.name}", layout.rate, ours.rate, "/s", plain.rate, **costs)
        yield Row(f"A2 CPU of one, {layout.name}", layout.cpu, ours.cpu * 1000, "ms", plain.cpu * 1000)
        if ours.cpu_of_postgresql:
            of_postgresql = ours.cpu_of_postgresql * 1000, "ms", plain.cpu_of_postgresql * 1000
            yield Row("A2 and of PostgreSQL", "", *of_postgresql)
        yield from latency(layout.name, ours.waits, plain.waits)


def latency(name: str, ours: list[float], plain: list[float]) -> Iterator[Row]:
    medians = (statistics.median(waits) * 1000 for waits in (ours, plain))
    slowest = (statistics.quantiles(waits, n=100)[-1] * 1000 for waits in (ours, plain))
    for what, goal, (mine, theirs) in (("median", "≤ 60 ms", medians), ("p99", "≤ 250 ms", slowest)):
        yield Row(f"A3 from POST to answer at {RATE}/s, {what}, {name}", goal, mine, "ms", theirs)


if __name__ == "__main__":
    main({"A answered: a customer's message from its POST to our answer, beside the plain design": rows}, rounds=1)
