"""
What can go wrong at Meta, for tests: `simulator.faults.on_send(error(130429, "Rate limit hit"))`.

A fault of sends takes `accept`, which carries the send out and returns its answer, and returns the answer to give.
"""

import time
from dataclasses import dataclass, field

from waitress.channel import ClientDisconnected

from .graph_errors import GraphError


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
class Faults:
    """The faults of a simulator. Statuses: held back, or without the echo of biz_opaque_callback_data."""

    hold_statuses: bool = False
    statuses_without_echo: bool = False
    _sends: list = field(default_factory=list)
    _uploads: list = field(default_factory=list)

    def on_send(self, answer, times=1, to=None):
        """The next `times` sends (None: all), or those to one phone, get this answer. Faults are used in turn."""
        self._sends.append(_SendFault(answer, times, to and to.lstrip("+")))

    def on_upload(self, answer, times=1):
        """The next `times` uploads of files get this answer."""
        self._uploads += [answer] * times

    def next_upload_answer(self):
        return self._uploads.pop(0) if self._uploads else None

    def next_answer(self, to):
        """The fault for a send to this person, used up once; None when all is well."""
        for fault in self._sends:
            if fault.to in (None, to):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._sends.remove(fault)
                return fault.answer
        return None
