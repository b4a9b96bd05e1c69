"""
Calls to the addresses of businesses: the one place of this app that speaks HTTP. A call cannot reach inside the
network, follow a redirect, run longer than ten seconds, or bring back more than a megabyte; see `addresses.py` for
where it may lead.

The name is looked up once and the address that was checked is the one that is called (requests-hardened).
"""

import concurrent.futures
import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from socket import SHUT_RDWR, socket
from typing import Any
from urllib.parse import urlsplit

import requests
from django.utils import translation
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3 import HTTPConnectionPool

from bots.document.addresses import BadAddress, is_public, read_address
from whatsapp.webhooks.safe_json import safe_loads

#: Seconds to connect, and for everything from the look-up of the name to the last byte.
CONNECT_TIMEOUT = 3
TOTAL_TIMEOUT = 10

#: Bytes, decompressed.
MAX_ANSWER = 1024 * 1024
_CHUNK = 16 * 1024

_HEADERS = frozenset({"accept", "accept-encoding", "authorization", "content-type", "user-agent"})
_USER_AGENT = "chatbot_site"


class CallFailed(Exception):
    """There is no answer to work with. Its text says why, in words, without anything of the answer."""


@dataclass(frozen=True)
class Answer:
    """What a service answered: HTTP's status, and the decompressed body."""

    status: int
    content: bytes

    @property
    def is_fine(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The JSON of the answer. Raises CallFailed."""
        try:
            return safe_loads(self.content)
        except ValueError as error:
            raise CallFailed(_("the answer is not JSON")) from error


def call(method: str, url: str, body: Any = None, has_body: bool = False, authorization: str = "") -> Answer:
    """
    Call an address, with `body` as JSON, and return the answer, whatever its status. Raises BadAddress when nothing
    was called, CallFailed when there is no answer to work with.
    """
    read_address(url)
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": _USER_AGENT}
    content = None
    if has_body:
        headers["Content-Type"] = "application/json"
        content = json.dumps(body, ensure_ascii=False).encode()
    if authorization:
        headers["Authorization"] = authorization
    return _with_timeout(_Exchange(method, url, _checked(headers), content))


def _checked(headers: dict[str, str]) -> dict[str, str]:
    """The headers, if each is one that may be sent and one line. Raises BadAddress."""
    for name, value in headers.items():
        if name.lower() not in _HEADERS or not (value.isascii() and value.isprintable()):
            raise BadAddress(
                _("A header of this call holds characters that cannot be sent. Correct the allowed host.")
            )
    return headers


def _with_timeout(exchange: "_Exchange") -> Answer:
    """Make a call in a thread of its own, so that not even the look-up of a name holds us longer."""
    outcome: concurrent.futures.Future[Answer] = concurrent.futures.Future()
    language = translation.get_language()

    def work() -> None:
        try:
            with translation.override(language):
                outcome.set_result(exchange.perform())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, name="call of a service", daemon=True).start()
    try:
        return outcome.result(TOTAL_TIMEOUT)
    except concurrent.futures.TimeoutError as error:
        raise CallFailed(_("no answer within %(seconds)s seconds") % {"seconds": TOTAL_TIMEOUT}) from error
    finally:
        exchange.hang_up()


class _Exchange:
    """One request and its answer over a connection of its own, which can be cut off from another thread."""

    def __init__(self, method: str, url: str, headers: dict[str, str], content: bytes | None) -> None:
        self.method, self.url, self.headers, self.content = method, url, headers, content
        self.lock = threading.Lock()
        self.socket: socket | None = None
        self.is_over = False

    def perform(self) -> Answer:
        try:
            with _session(self) as http:
                response = http.send(
                    http.prepare_request(self.request()),
                    stream=True,
                    allow_redirects=False,
                    timeout=(CONNECT_TIMEOUT, TOTAL_TIMEOUT),
                )
                return Answer(response.status_code, _read(response))
        except requests.RequestException as error:
            raise CallFailed(_explanation(error)) from error

    def request(self) -> requests.Request:
        return requests.Request(self.method, self.url, headers=self.headers, data=self.content)

    def connected(self, connection: socket) -> None:
        """From now on it can be cut off. The socket is duplicated: TLS takes the original for itself."""
        with self.lock:
            self.socket = connection.dup()
        if self.is_over:
            self.hang_up()

    def hang_up(self) -> None:
        """Wake whoever still reads from the connection: it ends there and then."""
        with self.lock:
            self.is_over = True
            if self.socket:
                with suppress(OSError):
                    self.socket.shutdown(SHUT_RDWR)
                self.socket.close()


def _read(response: requests.Response) -> bytes:
    """The body of an answer, decompressed. Raises CallFailed for one that is too large."""
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER:
            raise CallFailed(_("the answer is larger than 1 MB"))
    return bytes(content)


def _explanation(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return _("no answer within %(seconds)s seconds") % {"seconds": TOTAL_TIMEOUT}
    if isinstance(error, InvalidIPAddress):
        return _("the host leads into a network that is not public")
    if isinstance(error, requests.exceptions.SSLError):
        return _("the host's certificate is not valid")
    return _("the host cannot be reached")


def _session(exchange: _Exchange) -> requests.Session:
    http = requests.Session()
    # No proxy, certificate or .netrc password from the environment.
    http.trust_env = False
    http.headers.clear()
    http.mount("https://", _PublicAdapter(exchange, is_https_proto=True))
    http.mount("http://", _PublicAdapter(exchange, is_https_proto=False))
    return http


class _PublicAdapter(IPFilterAdapter):
    """Connects to public addresses only, and tells the exchange of its connection."""

    def __init__(self, exchange: _Exchange, is_https_proto: bool) -> None:
        super().__init__(is_https_proto)
        self.exchange = exchange

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str | None, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        # What is called is what was checked, however differently two libraries may read an address.
        if urlsplit(request.url).hostname != read_address(self.exchange.url).host:
            raise BadAddress(_("This is not a web address. Write it like https://example.com/orders."))
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        if not is_public(host_params["host"].strip("[]")):
            raise InvalidIPAddress(host_params["host"])
        return host_params, pool_kwargs

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool: HTTPConnectionPool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _connection_class(self.exchange, pool.ConnectionCls)
        return pool


def _connection_class(exchange: _Exchange, base: Any) -> Any:
    """The class of connections of urllib3 that `base` is, each of which is the exchange's."""

    class Connection(base):
        def _new_conn(self) -> socket:
            connection: socket = super()._new_conn()
            exchange.connected(connection)
            return connection

    return Connection
