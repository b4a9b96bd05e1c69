"""
A customer's message from its POST to our answer at Meta: how many are answered in a second and what they cost, and how
long one waits at a steady rate. By one `up` on SQLite, by the processes of deploy/compose.yaml on a PostgreSQL and a
Redis of their own, and by the plainest design that promises the same (`plain_chatbot`). Linux.

`python -m benchmarks.answered [WORDS]` measures the layouts whose name holds WORDS.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from .installation import ROOT, SERVICES, Postgres, Redis, Site
from .measuring import SECRETS
from .outages import COMPOSE, SEED
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
    site: type[Site] = Site


LAYOUTS = [
    Layout("up on SQLite", ["up"]),
    Layout("PostgreSQL + Redis", [*COMPOSE, "worker-files"]),
    Layout("the plain design", ["web", "worker"], PlainSite),
]


@contextmanager
def running(layout: Layout, meta_url: str) -> Iterator[tuple[Site, Postgres | None]]:
    """The processes of a layout, with their database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="answered-")))
        postgres = broker = None
        if layout.processes != ["up"]:
            postgres, broker = Postgres(folder), Redis(folder)
            stack.callback(postgres.stop)
            stack.callback(broker.stop)
        site = layout.site(
            folder,
            layout.processes,
            DATABASE_URL=postgres.url if postgres else f"sqlite:///{folder}/chatbot.db",
            REDIS_URL=broker.url if broker else "",
            META_GRAPH_URL=meta_url,
            MEDIA_ROOT=str(folder / "media"),
            BACKUP_DIR=str(folder / "backups"),
        )
        stack.callback(site.end)
        site.manage("migrate", "--verbosity", "0")
        site.manage("shell", "--verbosity", "0", "--command", SEED.format(secret=SECRET, number=NUMBER))
        site.start_all()
        yield site, postgres


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


def cpu_seconds(processes: list[int]) -> float:
    """What these processes and their descendants have used."""
    facts = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        facts[int(stat.parent.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    ours = (pid for pid in facts if not {pid, *_ancestors(pid, facts)}.isdisjoint(processes))
    ticks = sum(facts[pid][1] for pid in ours)
    return ticks / os.sysconf("SC_CLK_TCK")


def _ancestors(pid: int, facts: dict[int, tuple[int, int]]) -> Iterator[int]:
    while pid in facts:
        pid = facts[pid][0]
        yield pid


def measure(layout: Layout) -> None:
    meta = Meta()
    meta.start()
    with running(layout, f"http://127.0.0.1:{meta.port}") as (site, postgres):
        time.sleep(3)
        ours = [process.pid for process in site.processes.values()]
        database = [int((postgres.data / "postmaster.pid").read_text().split()[0])] if postgres else []
        answer(site.url, meta, "7915", 50, None)
        before, before_database = cpu_seconds(ours), cpu_seconds(database)
        seconds, _waits = answer(site.url, meta, "7916", BURST, None)
        spent, spent_database = cpu_seconds(ours) - before, cpu_seconds(database) - before_database
        _seconds, waits = answer(site.url, meta, "7917", RATE * SECONDS, RATE)
    slowest = statistics.quantiles(waits, n=100)[-1]
    print(
        f"{layout.name}: {BURST / seconds:.0f} answered/s, {spent / BURST * 1000:.1f} ms CPU each"
        f" + {spent_database / BURST * 1000:.1f} of PostgreSQL;"
        f" at {RATE}/s median {statistics.median(waits) * 1000:.0f} ms, p99 {slowest * 1000:.0f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="?", default="", help="Only the layouts whose name holds these words.")
    options = parser.parse_args()
    os.environ.update(SECRETS, DATABASE_URL="sqlite:///:memory:", REDIS_URL="")
    import django

    django.setup()
    for layout in LAYOUTS:
        if options.words in layout.name:
            measure(layout)


if __name__ == "__main__":
    main()
