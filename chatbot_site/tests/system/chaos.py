"""
Chaos: webhooks posted three times each, in any order and until they are answered 200, as Meta does, while processes
are killed. What is posted, and what must hold afterwards; whoever uses it starts and kills the processes.
"""

import asyncio
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations

import aiohttp

from whatsapp.simulator.graph import faults
from whatsapp.simulator.state import Simulator
from whatsapp.simulator.testing import SimulatedMeta
from whatsapp.testing import WEBHOOK_PATH, inbound_text, sign

COPIES = 3
#: Posts under way.
CONNECTIONS = 16
#: Seconds in which a post is answered, and the most between two attempts.
POST_TIMEOUT, MAX_RETRY_DELAY = 20, 1.0
#: Seconds in which something must have happened: longer than any lease of what is on the way of a message.
PATIENCE = 90

ANSWER = "Вы написали: "
#: A scenario that answers every message with its own text.
ECHO = {
    "format": 1,
    "triggers": [{"kind": "any"}],
    "steps": [{"key": "echo", "kind": "end", "text": ANSWER + "{{message.text}}"}],
}

#: Asks the database, in the SQL that both have.
Query = Callable[[str], list[tuple]]

#: What is left to be done → how many rows it is.
LEFT = {
    "webhooks to process": "SELECT COUNT(*) FROM webhook_events WHERE due_at IS NOT NULL",
    "webhooks given up": "SELECT COUNT(*) FROM webhook_events WHERE due_at IS NULL AND processed_at IS NULL",
    "messages without a turn": "SELECT COUNT(*) FROM messages WHERE direction = 'in' AND automated_at IS NULL",
    "messages to send": "SELECT COUNT(*) FROM messages WHERE status IN ('queued', 'sending')",
    "sessions": "SELECT COUNT(*) FROM bot_sessions WHERE ended_at IS NULL",
}
STORED = "SELECT wamid FROM messages WHERE direction = 'in' ORDER BY id"
LEDGER = "SELECT text, status FROM messages WHERE direction = 'out' ORDER BY id"


@dataclass(frozen=True)
class Webhook:
    """One message of a customer, in a POST of its own. Its text is its wamid."""

    wamid: str
    phone: str
    body: bytes
    headers: dict[str, str]


def written(numbers, customers: int, each: int) -> list[Webhook]:
    """So many messages of each of so many customers, who are divided among the numbers."""
    return [
        _webhook(numbers[customer % len(numbers)], f"7916{customer:07}", serial)
        for customer in range(customers)
        for serial in range(each)
    ]


def _webhook(number, phone: str, serial: int) -> Webhook:
    wamid = f"wamid.{phone}.{serial}"
    body = json.dumps(inbound_text(number, phone, wamid, wamid)).encode()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, number.app_secret)}
    return Webhook(wamid, phone, body, headers)


@dataclass
class Poster:
    """Posts every webhook COPIES times, over kept connections, in a thread of its own."""

    url: str
    webhooks: list[Webhook]
    #: By wamid: when its first post began, and when one was first answered 200.
    began: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    #: Posts that were answered 200, and how often any was answered something else or nothing (0).
    posted: int = 0
    refused: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._posts = self.webhooks * COPIES
        random.shuffle(self._posts)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._post_all()), daemon=True)
        self.start, self.is_alive = self._thread.start, self._thread.is_alive

    @property
    def progress(self) -> float:
        return self.posted / len(self._posts)

    async def _post_all(self) -> None:
        waiting = iter(self._posts)
        timeout = aiohttp.ClientTimeout(total=POST_TIMEOUT)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            await asyncio.gather(*(self._post_some(session, waiting) for _ in range(CONNECTIONS)))

    async def _post_some(self, session: aiohttp.ClientSession, waiting: Iterable[Webhook]) -> None:
        for webhook in waiting:
            self.began.setdefault(webhook.wamid, time.monotonic())
            delay = 0.1
            while (status := await self._post(session, webhook)) != 200:
                self.refused[status] += 1
                await asyncio.sleep(delay)
                delay = min(2 * delay, MAX_RETRY_DELAY)
            self.taken.setdefault(webhook.wamid, time.monotonic())
            self.posted += 1

    async def _post(self, session: aiohttp.ClientSession, webhook: Webhook) -> int:
        try:
            async with session.post(self.url + WEBHOOK_PATH, data=webhook.body, headers=webhook.headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0


@dataclass(frozen=True)
class Storm:
    """The posts, the processes' database, and the simulator that they send to."""

    poster: Poster
    simulator: Simulator
    query: Query

    def blow(self, kills: int, kill: Callable[[], object]) -> None:
        """Post everything and wait until nothing is left to be done; kill so many times on the way."""
        self.poster.start()
        for serial in range(1, kills + 1):
            self._wait_until(lambda serial=serial: self.progress >= serial / (kills + 1))
            time.sleep(random.uniform(0, 0.3))
            kill()
        self._wait_until(self.is_over)

    @property
    def progress(self) -> float:
        """Of posting and answering."""
        return (self.poster.progress + len(self.simulator.accepted) / len(self.poster.webhooks)) / 2

    def _wait_until(self, happened: Callable[[], bool]) -> None:
        """Or until nothing at all has happened for so long that nothing will."""
        progress, moved = self.progress, time.monotonic()
        while not happened() and time.monotonic() < moved + PATIENCE:
            time.sleep(0.1)
            if progress != self.progress:
                progress, moved = self.progress, time.monotonic()

    def is_over(self) -> bool:
        if self.poster.is_alive() or self.progress < 1 and len(self.query(LEDGER)) < len(self.poster.webhooks):
            return False
        return not any(self.left().values()) and not self.simulator.courier.waiting

    def left(self) -> dict[str, int]:
        return {what: self.query(count)[0][0] for what, count in LEFT.items()}

    def findings(self) -> "Findings":
        received = [message.content["text"]["body"] for _number, _customer, message in list(self.simulator.accepted)]
        stored = [wamid for (wamid,) in self.query(STORED)]
        return Findings(self.poster, stored, self.query(LEDGER), received, self.left())


def storm_on(url: str, meta: SimulatedMeta, number, query: Query) -> Storm:
    """A short one, for tests. Answers of Meta take a moment, so that a kill finds some under way."""
    meta.faults.on_send(faults.slow(0.2), times=None)
    meta.post_webhooks_to(url)
    meta.simulator.courier.MAX_RETRY_DELAY = 0.5
    return Storm(Poster(url, written([number], customers=75, each=2)), meta.simulator, query)


@dataclass(frozen=True)
class Findings:
    """What became of the messages: `stored` in the order of our rows, `received` in the order of Meta."""

    poster: Poster
    stored: list[str]
    ledger: list[tuple[str, str]]
    received: list[str]
    left: dict[str, int]

    def faults(self) -> dict[str, list[str]]:
        """What must not be → where it is; nothing when all is as it must be."""
        answers = [answer for answer, _status in self.ledger]
        received, unknown = set(self.received), self.unknown
        found = {
            "never acknowledged": [it for it in self._wamids if it not in self.poster.taken],
            "not stored": [it for it in self._wamids if it not in set(self.stored)],
            "stored twice": _repeated(self.stored),
            "no answer in the ledger": [it for it in self._wamids if ANSWER + it not in set(answers)],
            "two answers in the ledger": _repeated(answers),
            "neither received by Meta nor unknown": [it for it in answers if it not in received | unknown],
            "received by Meta twice": _repeated(self.received),
            "received by Meta, but not in the ledger": [it for it in received if it not in set(answers)],
            "failed": [answer for answer, status in self.ledger if status == "failed"],
            "stored before one that came earlier": self._overtaken(),
            "answered in another order than stored": self._answered_out_of_order(),
            "left": [f"{count} {what}" for what, count in self.left.items() if count],
        }
        return {fault: where for fault, where in found.items() if where}

    @property
    def unknown(self) -> set[str]:
        """The answers of which the ledger does not say whether Meta has them. It may have each once, or not."""
        return {answer for answer, status in self.ledger if status == "unknown"}

    @property
    def _wamids(self) -> list[str]:
        return [webhook.wamid for webhook in self.poster.webhooks]

    def _overtaken(self) -> list[str]:
        """Messages stored before another of their customer, which was acknowledged before they were ever posted."""
        taken, began = self.poster.taken, self.poster.began
        return [
            earlier
            for of_customer in _by_customer(self.stored).values()
            for earlier, later in combinations(of_customer, 2)
            if taken[later] < began[earlier]
        ]

    def _answered_out_of_order(self) -> list[str]:
        asked = _by_customer(self.stored)
        answered = _by_customer(answer.removeprefix(ANSWER) for answer in dict.fromkeys(self.received))
        return [
            phone
            for phone, wamids in answered.items()
            if wamids != [wamid for wamid in asked.get(phone, []) if wamid in set(wamids)]
        ]


def _repeated(texts: Iterable[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def _by_customer(wamids: Iterable[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for wamid in wamids:
        found[wamid.split(".")[1]].append(wamid)
    return found
