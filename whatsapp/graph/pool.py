"""
Many calls to Meta at once from one thread. Threads that each wait for one call cost five times as much: here an event
loop keeps the connections, and runs only while its thread waits for answers.
"""

import asyncio
import logging
import ssl
from collections import deque
from contextlib import suppress
from functools import lru_cache

import aiohttp
import certifi
from aiohttp_socks import ProxyConnector
from django.conf import settings
from yarl import URL

from .client import ANSWER_TIMEOUT, CONNECT_TIMEOUT, AnswerLost, CloudApiTrouble, Unreachable, read_answer
from .failures import nothing_was_sent

logger = logging.getLogger(__name__)

#: Seconds a call lasts at most, however slowly its answer drips. A send's lease in the ledger is longer.
LONGEST = 40

#: Answers are gathered for so many seconds, or until there are enough to be worth writing down together.
GATHERING, ENOUGH = 0.02, 40


class Calls:
    """The calls that one thread has under way. Used in that thread alone, and closed at the end."""

    def __init__(self):
        self._connections = _connections()
        self._under_way = {}
        self._ended = []
        self._some_ended = asyncio.Event()
        self._enough_ended = asyncio.Event()

    def __len__(self):
        return len(self._under_way)

    def start(self, key, request):
        """Begin a cloud_api.Request. It goes on while `answers` waits."""
        task = self._connections.loop.create_task(self._connections.call(request))
        task.add_done_callback(self._end)
        self._under_way[task] = key

    def answers(self, seconds):
        """
        Pairs of a key and what Meta answered (an object, or a CloudApiTrouble) for the calls that have ended. Waits
        for the first of them and for those that follow it closely, but no longer than some seconds.
        """
        if self._under_way:
            self._connections.loop.run_until_complete(self._wait(seconds))
        ended, self._ended = self._ended, []
        return [(self._under_way.pop(task), task.result()) for task in ended]

    async def _wait(self, seconds):
        with suppress(TimeoutError):
            await asyncio.wait_for(self._some_ended.wait(), seconds)
            await asyncio.wait_for(self._enough_ended.wait(), GATHERING)
        self._some_ended.clear()
        self._enough_ended.clear()

    def _end(self, task):
        self._ended.append(task)
        self._some_ended.set()
        if len(self._ended) >= min(ENOUGH, len(self._under_way)):
            self._enough_ended.set()

    def close(self):
        """Forget the calls under way: their connections are closed, and nobody learns how they ended."""
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            self._connections.loop.run_until_complete(asyncio.wait(self._under_way))
        _free.append(self._connections)


class Connections:
    """
    An event loop with its kept connections, by proxy: a handshake costs many times what a call does. One thread after
    the other uses it.
    """

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._sessions = {}

    async def call(self, request):
        """The object that Meta answered, or the CloudApiTrouble."""
        # One turn of the loop: connections that Meta closed while it stood still are not taken for open ones.
        await asyncio.sleep(0)
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

    def _session(self, proxy):
        if proxy not in self._sessions:
            # No proxy or .netrc password from the environment, and no cookie from one business to the next.
            self._sessions[proxy] = aiohttp.ClientSession(
                connector=_connector(proxy),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=LONGEST, sock_connect=CONNECT_TIMEOUT, sock_read=ANSWER_TIMEOUT),
            )
        return self._sessions[proxy]

    def __del__(self):
        """The process ends, and the connections with it."""
        with suppress(Exception):
            for session in self._sessions.values():
                self.loop.run_until_complete(session.close())
            self.loop.close()


def _connector(proxy):
    if proxy.startswith("socks"):
        # With the h of socks5h the proxy looks the name up, as here it always does.
        return ProxyConnector.from_url(proxy.replace("socks5h:", "socks5:"), rdns=True, limit=0, ssl=_certificates())
    return aiohttp.TCPConnector(limit=0, ssl=_certificates())


@lru_cache
def _certificates():
    """The authorities that requests trusts too: the system's are missing on some."""
    return ssl.create_default_context(cafile=certifi.where())


#: Those that no thread uses. The one used last is taken first, so that as few as possible are kept open.
_free = deque()


def _connections():
    try:
        return _free.pop()
    except IndexError:
        return Connections()
