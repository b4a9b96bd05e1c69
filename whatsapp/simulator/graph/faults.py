"""
What can go wrong at Meta, for tests: `simulator.faults.on_send(error(130429, "Rate limit hit"))`, or of any other call
`simulator.faults.on_call("POST", "register", error(133005, "Two step verification PIN Mismatch"))`.

A fault takes `accept`, which does what was asked and returns its answer, and returns the answer to give.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol, TypeVar

from waitress.channel import ClientDisconnected

from whatsapp.simulator.http import Json

from .errors import GraphError

#: What a call is answered: JSON, or an HTTP status and JSON or a page.
Answer = Json | tuple[int, Json | str]


class Accept(Protocol):
    """Does what was asked. Only a send can come to a failure later; other calls ignore it."""

    def __call__(self, failure: GraphError | None = None) -> Answer: ...


Fault = Callable[[Accept], Answer]


def error(code: int, title: str = "Something went wrong", details: str = "", http_status: int = 400) -> Fault:
    """Graph's error JSON instead of accepting."""

    def fault(accept: Accept) -> NoReturn:
        raise GraphError(code, title, details, http_status)

    return fault


def failing_later(code: int, title: str = "Message undeliverable", details: str = "") -> Fault:
    """Accepted, but the status webhook says `failed`."""

    def fault(accept: Accept) -> Answer:
        return accept(failure=GraphError(code, title, details))

    return fault


def closed_before_accepting(accept: Accept) -> NoReturn:
    """The connection ends without an answer, and nothing was accepted."""
    raise ClientDisconnected


def closed_after_accepting(accept: Accept) -> NoReturn:
    """The connection ends without an answer, but what was asked is done."""
    accept()
    raise ClientDisconnected


def slow(seconds: float) -> Fault:
    """Accepted, but the answer takes its time."""

    def fault(accept: Accept) -> Answer:
        answer = accept()
        time.sleep(seconds)
        return answer

    return fault


def server_error(accept: Accept) -> Answer:
    """HTTP 500 with a page instead of Graph's JSON; nothing was accepted."""
    return 500, "<html><body>Sorry, something went wrong.</body></html>"


@dataclass
class _Planned:
    """A fault that waits for its call, and how many times it is to be given; None is always."""

    fault: Fault
    times: int | None


@dataclass
class _SendFault(_Planned):
    to: str | None


@dataclass
class _CallFault(_Planned):
    method: str
    edge: str | None
    node: str | None

    def concerns(self, method: str, edge: str | None, node: str) -> bool:
        return (self.method, self.edge) == (method, edge) and self.node in (None, node)


P = TypeVar("P", bound=_Planned)


@dataclass
class Faults:
    """The faults of a simulator. Statuses: held back, or without the echo of biz_opaque_callback_data."""

    hold_statuses: bool = False
    statuses_without_echo: bool = False
    _sends: list[_SendFault] = field(default_factory=list)
    _uploads: list[Fault] = field(default_factory=list)
    _calls: list[_CallFault] = field(default_factory=list)

    def on_send(self, fault: Fault, times: int | None = 1, to: str | None = None) -> None:
        """The next `times` sends (None: all), or those to one phone, meet this fault. Faults are used in turn."""
        self._sends.append(_SendFault(fault, times, to and to.lstrip("+")))

    def on_upload(self, fault: Fault, times: int = 1) -> None:
        """The next `times` uploads of files meet this fault."""
        self._uploads += [fault] * times

    def on_call(
        self, method: str, edge: str | None, fault: Fault, times: int | None = 1, node: str | None = None
    ) -> None:
        """
        The next `times` calls (None: all) of an edge such as "register", or those of one node's, meet this fault. The
        edge of a node itself is None; "debug_token" and "access_token" count as edges.
        """
        self._calls.append(_CallFault(fault, times, method, edge, node))

    def clear_calls(self) -> None:
        """From now on calls are answered as they should be."""
        self._calls.clear()

    def next_upload(self) -> Fault | None:
        return self._uploads.pop(0) if self._uploads else None

    def next_send(self, to: str) -> Fault | None:
        """The fault of a send to this person, counted as used; None when all is well."""
        return _use(self._sends, lambda planned: planned.to in (None, to))

    def next_call(self, method: str, edge: str | None, node: str) -> Fault | None:
        """The fault of a call of a node's edge, counted as used; None when all is well."""
        return _use(self._calls, lambda planned: planned.concerns(method, edge, node))


def _use(faults: list[P], concerned: Callable[[P], bool]) -> Fault | None:
    planned = next(filter(concerned, faults), None)
    if planned is None:
        return None
    if planned.times is not None:
        planned.times -= 1
        if not planned.times:
            faults.remove(planned)
    return planned.fault
