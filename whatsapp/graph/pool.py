"""
Many calls to Meta at once from one thread. Threads that each wait for one call cost five times as much: here an event
loop keeps the connections, and runs only while its thread waits for answers.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Generic, TypeVar

import aiohttp
import certifi
from aiohttp_socks import ProxyConnector
from django.conf import settings
from yarl import URL

from .answers import read_answer
from .client import ANSWER_TIMEOUT, CONNECT_TIMEOUT
from .errors import AnswerLost, CloudApiTrouble, Unreachable
from .failures import nothing_was_sent
from .requests import Request

logger = logging.getLogger(__name__)

#: Seconds a call lasts at most, however slowly its answer drips. A send's lease in the ledger is longer.
CALL_TIMEOUT = 40

#: Answers are gathered for so many seconds, or until there are enough to be worth writing down together.
GATHER_INTERVAL = 0.02
GATHER_SIZE = 40

#: What Meta answered to a call: an object, or why there is none.
Answer = dict[str, Any] | CloudApiTrouble

Key = TypeVar("Key")


class RequestPool(Generic[Key]):
    """The calls that one thread has under way, each with a key. Used in that thread alone, and closed at the end."""

    def __init__(self) -> None:
        self._connections = _take_connections()
        self._under_way: dict[asyncio.Task[Answer], Key] = {}
        self._ended: list[asyncio.Task[Answer]] = []
        self._some_ended = asyncio.Event()
        self._enough_ended = asyncio.Event()

    def __len__(self) -> int:
        return len(self._under_way)

    def start_all(self, calls: Iterable[tuple[Key, Request]]) -> None:
        """Begin calls. They go on while `answers` waits."""
        for key, request in calls:
            self.start(key, request)

    def start(self, key: Key, request: Request) -> None:
        """Begin a call."""
        task = self._connections.loop.create_task(self._begin(request))
        task.add_done_callback(self._end)
        self._under_way[task] = key

    async def _begin(self, request: Request) -> Answer:
        # One turn of the loop: connections that Meta closed while it stood still are not taken for open ones.
        await asyncio.sleep(0)
        return await self._connections.call(request)

    def answers(self, timeout: float) -> list[tuple[Key, Answer]]:
        """
        Pairs of a key and its answer for the calls that have ended. Waits for the first of them and for those that
        follow it closely, but no longer than `timeout` seconds.
        """
        if self._under_way:
            self._connections.loop.run_until_complete(self._wait(timeout))
        ended, self._ended = self._ended, []
        return [(self._under_way.pop(task), task.result()) for task in ended]

    async def _wait(self, timeout: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._some_ended.wait(), timeout)
            await asyncio.wait_for(self._enough_ended.wait(), GATHER_INTERVAL)
        self._some_ended.clear()
        self._enough_ended.clear()

    def _end(self, task: asyncio.Task[Answer]) -> None:
        self._ended.append(task)
        self._some_ended.set()
        if len(self._ended) >= min(GATHER_SIZE, len(self._under_way)):
            self._enough_ended.set()

    def close(self) -> None:
        """Forget the calls under way: their connections are closed, and nobody learns how they ended."""
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            self._connections.loop.run_until_complete(asyncio.wait(self._under_way))
        _idle.append(self._connections)


def call_all(requests: Iterable[tuple[Key, Request]]) -> list[tuple[Key, Answer]]:
    """Make these calls at once, and wait for all of them: pairs of a key and what Meta answered."""
    pool: RequestPool[Key] = RequestPool()
    answered: list[tuple[Key, Answer]] = []
    try:
        pool.start_all(requests)
        while len(pool):
            answered += pool.answers(CALL_TIMEOUT)
    finally:
        pool.close()
    return answered


class Connections:
    """
    An event loop with its open connections, by proxy: a handshake costs many times what a call does. One thread after
    the other uses it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def call(self, request: Request) -> Answer:
        """What Meta answered. Raises nothing."""
        try:
            response = await self._session(settings.META_PROXY).request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                proxy=settings.META_PROXY if settings.META_PROXY.startswith("http") else None,
            )
            return read_answer(response.status, await response.read())
        except CloudApiTrouble as trouble:
            return trouble
        except Exception as error:
            if nothing_was_sent(error):
                return Unreachable(str(error))
            if not isinstance(error, aiohttp.ClientError | OSError | TimeoutError):
                logger.exception("A call to Meta failed in an unforeseen way.")
            return AnswerLost(str(error))

    def _session(self, proxy: str) -> aiohttp.ClientSession:
        if proxy not in self._sessions:
            # No proxy or .netrc password from the environment, and no cookie from one business to the next.
            self._sessions[proxy] = aiohttp.ClientSession(
                connector=_connector(proxy),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=CALL_TIMEOUT, sock_connect=CONNECT_TIMEOUT, sock_read=ANSWER_TIMEOUT
                ),
            )
        return self._sessions[proxy]

    def __del__(self) -> None:
        """The process ends, and the connections with it."""
        with suppress(Exception):
            for session in self._sessions.values():
                closing = session.close()
                try:
                    self.loop.run_until_complete(closing)
                finally:
                    # Where another loop runs it was not begun.
                    closing.close()
            self.loop.close()


def _connector(proxy: str) -> aiohttp.BaseConnector:
    if proxy.startswith("socks"):
        # With the h of socks5h the proxy looks the name up, as here it always does.
        return ProxyConnector.from_url(proxy.replace("socks5h:", "socks5:"), rdns=True, limit=0, ssl=_certificates())
    return aiohttp.TCPConnector(limit=0, ssl=_certificates())


@lru_cache
def _certificates() -> ssl.SSLContext:
    """The authorities that requests trusts too: the system's are missing on some."""
    return ssl.create_default_context(cafile=certifi.where())


#: Those that no thread uses. The one used last is taken first, so that as few as possible stay open.
_idle: deque[Connections] = deque()


def _take_connections() -> Connections:
    try:
        return _idle.pop()
    except IndexError:
        return Connections(asyncio.new_event_loop())
