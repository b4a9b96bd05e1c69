"""
Outages under load: 10 customers a second write to a bot for a minute while the database, Redis or a process goes away
and comes back. Nothing may be lost or answered twice, what is written afterwards is answered within 5 s, and /readyz
says how it stands. With a PostgreSQL and a Redis of its own. Linux; as root it also fills a disk.

With --whole all cases, else three of them; `RATE=3` in the environment for a slow machine.
"""

import itertools
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import requests

from .installation import Postgres, Redis, Site, small_disk
from .measuring import SECRETS, main
from .results import Row

RATE = float(os.environ.get("RATE", 10))
SECONDS = 60
#: When an outage begins, and how long one lasts that has an end (seconds).
BEGIN, LENGTH = 15, 20
#: Seconds that the last answers may take.
DRAIN = 75
#: Seconds between two cuts of all connections.
CUT_INTERVAL = 0.15


# --- The load ---------------------------------------------------------------------------------------------


@dataclass
class Load:
    """Customers who each write once, as Meta posts it: again until it is answered 200."""

    site: Site
    simulator: object
    phone_number_id: str
    rate: float
    began: float = field(default_factory=time.monotonic)
    written: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    slowest_post: float = 0.0
    readiness: list[tuple[float, int, float]] = field(default_factory=list)

    def now(self) -> float:
        return time.monotonic() - self.began

    def run(self) -> None:
        """For SECONDS, and until everybody is answered or DRAIN is over."""
        stop = threading.Event()
        watchers = [threading.Thread(target=watch, args=[stop]) for watch in (self._see_answers, self._see_readiness)]
        for watcher in watchers:
            watcher.start()
        with ThreadPoolExecutor(64) as customers:
            for serial in range(int(self.rate * SECONDS)):
                time.sleep(max(0.0, serial / self.rate - self.now()))
                customers.submit(self._write, f"+7916{serial:07}")
        deadline = time.monotonic() + DRAIN
        while len(self.answered) < len(self.written) and time.monotonic() < deadline:
            time.sleep(0.2)
        stop.set()
        for watcher in watchers:
            watcher.join()

    def _write(self, phone: str) -> None:
        self.written[phone] = self.now()
        body, headers = self._webhook(phone)
        for tries in itertools.count(1):
            began = time.monotonic()
            try:
                status = requests.post(
                    f"{self.site.url}/webhooks/whatsapp/", body, headers=headers, timeout=30
                ).status_code
            except requests.RequestException:
                status = 0
            if status == 200:
                self.slowest_post = max(self.slowest_post, time.monotonic() - began)
                return
            time.sleep(min(0.5 * tries, 3))

    def _webhook(self, phone: str) -> tuple[bytes, dict[str, str]]:
        import json

        from whatsapp.testing import message_from, sign

        from .webhook import NUMBER, SECRET

        message = message_from(phone, "text", {"body": "Добрый день"}, wamid=f"wamid.{phone}")
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "74951234567", "phone_number_id": self.phone_number_id},
            "contacts": [{"profile": {"name": "Anna"}, "wa_id": phone.lstrip("+")}],
            "messages": [message],
        }
        entry = {"id": NUMBER["waba_id"], "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        return body, {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, SECRET)}

    def _see_answers(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            for phone in list(self.written):
                if phone not in self.answered and self.simulator.sent_to(phone):  # type: ignore[attr-defined]
                    self.answered[phone] = self.now()

    def _see_readiness(self, stop: threading.Event) -> None:
        while not stop.wait(0.5):
            at = self.now()
            self.readiness.append((at, *self.site.readiness()))


@dataclass(frozen=True)
class Case:
    name: str
    names: list[str]
    outage: "Callable[[Installation], None]"
    #: None: Redis and the processes of compose.yaml; else where `up` has its database.
    up_on: str | None = None
    #: Whether customers are not answered meanwhile.
    is_outage: bool = True


@dataclass
class Installation:
    folder: Path
    site: Site
    postgres: Postgres | None
    redis: Redis | None
    disk: Path | None


def cut_once(it: Installation) -> None:
    assert it.postgres
    it.postgres.cut()


def cut_often(it: Installation) -> None:
    assert it.postgres
    deadline = time.monotonic() + LENGTH
    while time.monotonic() < deadline:
        it.postgres.cut()
        time.sleep(CUT_INTERVAL)


def stop_postgres(it: Installation) -> None:
    assert it.postgres
    it.postgres.stop()
    time.sleep(LENGTH)
    it.postgres.start()


def stop_redis(it: Installation) -> None:
    assert it.redis
    it.redis.stop()
    time.sleep(LENGTH)
    it.redis.start()


def kill(name: str) -> Callable[[Installation], None]:
    def killed(it: Installation) -> None:
        it.site.kill(name)
        time.sleep(LENGTH * 2 if name != "up" else 0)
        it.site.start(name)

    return killed


def fill_disk(it: Installation) -> None:
    assert it.disk
    ballast = it.disk / "ballast"
    with suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    time.sleep(LENGTH)
    ballast.unlink()


COMPOSE = ["web", "worker", "worker-calls", "worker-bulk", "beat"]
CASES = [
    Case("connections cut once", COMPOSE, cut_once, is_outage=False),
    Case("connections cut every 0.15 s", COMPOSE, cut_often, is_outage=False),
    Case("PostgreSQL stopped and started", COMPOSE, stop_postgres),
    Case("Redis stopped and started", COMPOSE, stop_redis),
    Case("worker (inbound, outbound) killed", COMPOSE, kill("worker")),
    Case("worker-bulk killed", COMPOSE, kill("worker-bulk"), is_outage=False),
    Case("beat killed", COMPOSE, kill("beat"), is_outage=False),
    Case("up on PostgreSQL, connections cut once", ["up"], cut_once, "PostgreSQL", is_outage=False),
    Case("up on PostgreSQL, cut every 0.15 s", ["up"], cut_often, "PostgreSQL", is_outage=False),
    Case("up on PostgreSQL, stopped and started", ["up"], stop_postgres, "PostgreSQL"),
    Case("up on SQLite, disk full", ["up"], fill_disk, "disk"),
]


@contextmanager
def installed(case: Case, meta_url: str) -> Iterator[Installation]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outages-")))
        postgres = Postgres(folder) if case.up_on != "disk" else None
        if postgres:
            stack.callback(postgres.stop)
        broker = Redis(folder) if case.up_on is None else None
        if broker:
            stack.callback(broker.stop)
        disk = stack.enter_context(small_disk(folder)) if case.up_on == "disk" else None
        url = postgres.url if postgres else f"sqlite:///{disk}/chatbot.db"
        site = Site(
            folder,
            case.names,
            DATABASE_URL=url,
            REDIS_URL=broker.url if broker else "",
            META_GRAPH_URL=meta_url,
            MEDIA_ROOT=str((disk or folder) / "media"),
            BACKUP_DIR=str(folder / "backups"),
        )
        stack.callback(site.end)
        yield Installation(folder, site, postgres, broker, disk)


SEED = """
from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from whatsapp.testing import make_number
number = make_number(make_business(), app_secret={secret!r}, access_token="EAAtoken", **{number!r})
make_published_scenario(make_bot(number), {{"format": 1, "triggers": [{{"kind": "any"}}],
    "steps": [{{"key": "hello", "kind": "message", "text": "Здравствуйте!"}}]}})
"""


def run(case: Case, _whole: bool) -> list[Row]:
    os.environ.update(SECRETS, DATABASE_URL="sqlite:///:memory:", REDIS_URL="")
    import django

    django.setup()
    return measure(case)


def measure(case: Case) -> list[Row]:
    from whatsapp.simulator import server

    from .webhook import NUMBER, SECRET

    meta = server.start()
    meta.simulator.directory.add_number(
        NUMBER["phone_number_id"], NUMBER["phone_number"], "EAAtoken", waba_id=NUMBER["waba_id"], app_secret=SECRET
    )
    meta.simulator.courier.retry_delay = 0.2
    meta.simulator.courier.MAX_RETRY_DELAY = 1
    try:
        with installed(case, meta.url) as it:
            it.site.manage("migrate", "--verbosity", "0")
            it.site.manage("shell", "--verbosity", "0", "--command", SEED.format(secret=SECRET, number=NUMBER))
            it.site.start_all()
            meta.simulator.courier.callback_url = f"{it.site.url}/webhooks/whatsapp/"
            time.sleep(2)
            lines = it.site.log_lines()
            load = Load(it.site, meta.simulator, NUMBER["phone_number_id"], RATE)
            window = [0.0, 0.0]
            outage = threading.Thread(target=happen, args=[case, it, load, window])
            outage.start()
            load.run()
            outage.join()
            kept = os.environ.get("KEEP_LOGS")
            if kept:
                shutil.copytree(it.folder, Path(kept) / case.name, ignore=shutil.ignore_patterns("postgres", "disk"))
            return figures(case, load, window, meta.simulator, it.site.log_lines() - lines)
    finally:
        meta.stop()


def happen(case: Case, it: Installation, load: Load, window: list[float]) -> None:
    time.sleep(BEGIN)
    window[0] = load.now()
    case.outage(it)
    window[1] = load.now()


def figures(case: Case, load: Load, window: list[float], simulator: object, log_lines: int) -> list[Row]:
    sent = Counter({phone: len(simulator.sent_to(phone)) for phone in load.written})  # type: ignore[attr-defined]
    begin, end = window
    after = [load.answered[p] - at for p, at in load.written.items() if at >= end and p in load.answered]
    before = [load.answered[p] - at for p, at in load.written.items() if at < begin and p in load.answered]
    during = [load.answered[p] - at for p, at in load.written.items() if begin <= at < end and p in load.answered]
    first = min((moment for moment in load.answered.values() if moment >= end), default=end + DRAIN)
    refused = [at for at, status, _ in load.readiness if status != 200]
    if refused:
        print(f"/readyz was not 200 from begin {refused[0] - begin:+.1f} s to end {refused[-1] - end:+.1f} s.")
    return [
        Row("O1 lost", "≤ 0", sum(not sent[phone] for phone in load.written), limit=len(load.written)),
        Row("O1 answered twice", "≤ 0", sum(sent[phone] > 1 for phone in load.written), limit=len(load.written)),
        Row("O2 first answer after the end", "≤ 5 s" if case.is_outage else "", first - end, "s"),
        Row("O2 slowest answer to what was written after the end", "≤ 5 s", max(after, default=0), "s"),
        Row(
            "O3 slowest answer to what was written meanwhile", "", max(during, default=0), "s", max(before, default=0)
        ),
        Row("O4 slowest POST", "", load.slowest_post, "s"),
        Row("O4 slowest /readyz", "", max(taken for _, _, taken in load.readiness), "s"),
        Row("O5 lines of the log", "", log_lines),
    ]


#: What everybody who installs it meets.
SHORT = ["connections cut once", "PostgreSQL stopped and started", "worker (inbound, outbound) killed"]

if __name__ == "__main__":
    main({case.name: partial(run, case) for case in CASES}, rounds=1, short=SHORT)
