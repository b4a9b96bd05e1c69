"""
Calls to the addresses of businesses: the one place of this app that speaks HTTP. A call cannot reach inside the
network, follow a redirect, run longer than ten seconds, or bring back more than a megabyte; see `addresses.py` for
where it may lead.

The name is looked up once and the address that was checked is the one that is called (requests-hardened).
"""

import json
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from dataclasses import dataclass
from socket import SHUT_RDWR
from urllib.parse import urlsplit

import requests
from django.utils import translation
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from bots.document.addresses import BadAddress, is_public, read_address
from whatsapp.webhooks.safe_json import safe_loads

#: Seconds to connect, and for everything from the look-up of the name to the last byte.
CONNECT_WITHIN = 3
DONE_WITHIN = 10

MAX_ANSWER = 1024 * 1024
CHUNK = 16 * 1024

HEADERS = frozenset({"accept", "accept-encoding", "authorization", "content-type", "user-agent"})
USER_AGENT = "chatbot_site"


class CallFailed(Exception):
    """There is no answer to work with. Its text says why, in words, without anything of the answer."""


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes

    @property
    def is_fine(self):
        return 200 <= self.status < 300

    def json(self):
        """The JSON of the answer. Raises CallFailed."""
        try:
            return safe_loads(self.content)
        except ValueError as error:
            raise CallFailed(_("the answer is no JSON")) from error


def call(method, url, body=None, has_body=False, authorization=""):
    """The Answer, whatever its status. Raises BadAddress when nothing was called, CallFailed."""
    read_address(url)
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": USER_AGENT}
    content = None
    if has_body:
        headers["Content-Type"] = "application/json"
        content = json.dumps(body, ensure_ascii=False).encode()
    if authorization:
        headers["Authorization"] = authorization
    return within_time(Exchange(method, url, clean(headers), content))


def clean(headers):
    """The headers, if each is one that may be sent and one line. Raises BadAddress."""
    for name, value in headers.items():
        if name.lower() not in HEADERS or not (value.isascii() and value.isprintable()):
            raise BadAddress(_("A header of this call holds what cannot be sent. Correct the allowed host."))
    return headers


def within_time(exchange):
    """Carry an exchange out in a thread of its own, so that not even the look-up of a name holds us longer."""
    outcome = Future()
    language = translation.get_language()

    def work():
        try:
            with translation.override(language):
                outcome.set_result(exchange.carry_out())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=work, name="outbound", daemon=True).start()
    try:
        return outcome.result(DONE_WITHIN)
    except TookTooLong as error:
        raise CallFailed(_("no answer within %(seconds)s seconds") % {"seconds": DONE_WITHIN}) from error
    finally:
        exchange.hang_up()


class Exchange:
    """One request and its answer over a connection of its own, which can be cut off from another thread."""

    def __init__(self, method, url, headers, content):
        self.method, self.url, self.headers, self.content = method, url, headers, content
        self.lock = threading.Lock()
        self.line = None
        self.is_over = False

    def carry_out(self):
        try:
            with session(self) as http:
                response = http.send(
                    http.prepare_request(self.request()),
                    stream=True,
                    allow_redirects=False,
                    timeout=(CONNECT_WITHIN, DONE_WITHIN),
                )
                return Answer(response.status_code, read(response))
        except requests.RequestException as error:
            raise CallFailed(explanation(error)) from error

    def request(self):
        return requests.Request(self.method, self.url, headers=self.headers, data=self.content)

    def connected(self, line):
        """From now on it can be cut off. The line is doubled: TLS takes the original for itself."""
        with self.lock:
            self.line = line.dup()
        if self.is_over:
            self.hang_up()

    def hang_up(self):
        """Wake whoever still reads from the connection: it ends there and then."""
        with self.lock:
            self.is_over = True
            if self.line:
                with suppress(OSError):
                    self.line.shutdown(SHUT_RDWR)
                self.line.close()


def read(response):
    """The body of an answer, decompressed. Raises CallFailed for one that is too large."""
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER:
            raise CallFailed(_("the answer is larger than 1 MB"))
    return bytes(content)


def explanation(error):
    if isinstance(error, requests.Timeout):
        return _("no answer within %(seconds)s seconds") % {"seconds": DONE_WITHIN}
    if isinstance(error, InvalidIPAddress):
        return _("the host leads into a network that is not public")
    if isinstance(error, requests.exceptions.SSLError):
        return _("the host's certificate is not valid")
    return _("the host cannot be reached")


def session(exchange):
    http = requests.Session()
    # No proxy, certificate or .netrc password from the environment.
    http.trust_env = False
    http.headers.clear()
    http.mount("https://", PublicAdapter(exchange, is_https_proto=True))
    http.mount("http://", PublicAdapter(exchange, is_https_proto=False))
    return http


class PublicAdapter(IPFilterAdapter):
    """Connects to public addresses only, and tells the exchange of its connection."""

    def __init__(self, exchange, is_https_proto):
        super().__init__(is_https_proto)
        self.exchange = exchange

    def build_connection_pool_key_attributes(self, request, verify, cert=None):
        # What is called is what was checked, however differently two libraries may read an address.
        if urlsplit(request.url).hostname != read_address(self.exchange.url).host:
            raise BadAddress(_("This is no web address. Write it like https://example.com/orders."))
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        if not is_public(host_params["host"].strip("[]")):
            raise InvalidIPAddress(host_params["host"])
        return host_params, pool_kwargs

    def get_connection_with_tls_context(self, *args, **kwargs):
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = connection_of(self.exchange, pool.ConnectionCls)
        return pool


def connection_of(exchange, connection_class):
    class Connection(connection_class):
        def _new_conn(self):
            line = super()._new_conn()
            exchange.connected(line)
            return line

    return Connection
