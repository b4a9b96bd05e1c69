"""
What is known of a call that brought no answer of Meta's. Meta has no idempotency key, so "nothing is sent twice" hangs
on this one table, whichever client made the call.
"""

import ssl
from collections.abc import Iterator

import aiohttp
import requests
import urllib3
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

#: After these nothing can have been sent: no connection came about, or the request was never put on it. After any
#: other failure the answer may be lost.
NOTHING_WAS_SENT: tuple[type[BaseException], ...] = (
    # Single calls: requests, over urllib3.
    requests.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    urllib3.exceptions.NewConnectionError,
    # Many at once: aiohttp.
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    ProxyConnectionError,
    ProxyError,
    ProxyTimeoutError,
    # Both: whoever answered is not Meta.
    ssl.SSLCertVerificationError,
)


def nothing_was_sent(error: BaseException) -> bool:
    """Whether a call that failed so cannot have reached Meta."""
    return any(isinstance(cause, NOTHING_WAS_SENT) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those it wraps: requests wraps urllib3's MaxRetryError, which wraps the reason."""
    cause: object = error
    while isinstance(cause, BaseException):
        yield cause
        cause = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
