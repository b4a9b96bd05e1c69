"""
What can go wrong at Meta, for tests: `simulator.faults.on_send(error(130429, "Rate limit hit"))`, or of any other call
`simulator.faults.on_call("POST", "register", error(133005, "Two step verification PIN Mismatch"))`.

A fault takes `accept`, which carries the call out and returns its answer, and returns the answer to give.
"""

import time
from dataclasses import dataclass, field

from waitress.channel import ClientDisconnected

from .errors import GraphError


def error(code, title="Something went wrong", details="", http_status=400):
    """Graph's error JSON instead of accepting."""

    def answer(accept):
        raise GraphError(code, title, details, http_status)

    return answer


def failing_later(code, title="Message undeliverable", details=""):
    """Accepted, but the status webhook says `failed`."""

    def answer(accept):
        return accept(failure=GraphError(code, title, details))

    return answer


def closed_before_accepting(accept):
    """The connection ends without an answer, and the message was not accepted."""
    raise ClientDisconnected


def closed_after_accepting(accept):
    """The connection ends without an answer, but the message goes out."""
    accept()
    raise ClientDisconnected


def slow(seconds):
    """Accepted, but the answer takes its time."""

    def answer(accept):
        accepted = accept()
        time.sleep(seconds)
        return accepted

    return answer


def server_error(accept):
    """HTTP 500 with a page instead of Graph's JSON; nothing was accepted."""
    return 500, "<html><body>Sorry, something went wrong.</body></html>"


@dataclass
class _SendFault:
    answer: object
    times: int | None
    to: str | None


@dataclass
class _CallFault:
    method: str
    edge: str | None
    node: str | None
    answer: object
    times: int | None

    def concerns(self, method, edge, node):
        return (self.method, self.edge) == (method, edge) and self.node in (None, node)


@dataclass
class Faults:
    """The faults of a simulator. Statuses: held back, or without the echo of biz_opaque_callback_data."""

    hold_statuses: bool = False
    statuses_without_echo: bool = False
    _sends: list = field(default_factory=list)
    _uploads: list = field(default_factory=list)
    _calls: list = field(default_factory=list)

    def on_send(self, answer, times=1, to=None):
        """The next `times` sends (None: all), or those to one phone, get this answer. Faults are used in turn."""
        self._sends.append(_SendFault(answer, times, to and to.lstrip("+")))

    def on_upload(self, answer, times=1):
        """The next `times` uploads of files get this answer."""
        self._uploads += [answer] * times

    def on_call(self, method, edge, answer, times=1, node=None):
        """
        The next `times` calls (None: all) of an edge such as "register", or those of one node's, get this answer. The
        edge of a node itself is None; "debug_token" and "access_token" count as edges.
        """
        self._calls.append(_CallFault(method, edge, node, answer, times))

    def clear_calls(self):
        """From now on calls are answered as they should be."""
        self._calls.clear()

    def next_upload_answer(self):
        return self._uploads.pop(0) if self._uploads else None

    def next_answer(self, to):
        """The fault for a send to this person, used up once; None when all is well."""
        return _use_up(self._sends, lambda fault: fault.to in (None, to))

    def next_call_answer(self, method, edge, node):
        """The fault for a call of a node's edge, used up once; None when all is well."""
        return _use_up(self._calls, lambda fault: fault.concerns(method, edge, node))


def _use_up(faults, concerned):
    fault = next(filter(concerned, faults), None)
    if fault is None:
        return None
    if fault.times is not None:
        fault.times -= 1
        if not fault.times:
            faults.remove(fault)
    return fault.answer
