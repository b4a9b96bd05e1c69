"""
Turns repeated failures into a few lines a minute. The first is written in full, with its traceback; the next are
counted, and once a minute their number is written. A failure that differs in its logger, text, kind or place is
written in full.
"""

import logging
import os
import re
import sys
import time
from dataclasses import dataclass, field
from threading import Timer
from typing import Any, TextIO

#: Seconds after which the number of repetitions is written.
INTERVAL = 60.0

#: How many repetitions with different texts (another row, another person) are written, without their traceback.
MAX_VARIANTS = 5

#: Kinds of failures that are remembered. When there are more, all are forgotten.
MAX_KINDS = 500

#: Differences that are ignored: numbers, addresses in memory and ids of tasks.
NUMBERS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|0x[0-9a-f]+|\d+")
#: Characters of a text that are compared.
MAX_COMPARED = 500

#: Outages of what the process depends on, by the names of their exceptions: they have one cause, wherever they occur.
OUTAGES = {"OperationalError", "InterfaceError", "ConnectionError", "TimeoutError", "SchedulingError"}


@dataclass
class Repeated:
    """A kind of failure, since it was last written."""

    first: logging.LogRecord
    since: float
    count: int = 0
    variants: set[str] = field(default_factory=set)
    #: Whether it is an outage, of which other texts say nothing new.
    is_outage: bool = False

    def is_different(self, record: logging.LogRecord) -> bool:
        """Whether its text is new, and there were not too many of them."""
        text = _text_of(record)
        if self.is_outage or text in self.variants or len(self.variants) > MAX_VARIANTS:
            return False
        self.variants.add(text)
        return True


class GatheringHandler(logging.StreamHandler[TextIO]):
    """Writes records to a stream. Repeated warnings and errors are counted."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream or sys.stderr)
        self._forget()

    def _forget(self) -> None:
        self._kinds: dict[tuple[Any, ...], Repeated] = {}
        self._timer: Timer | None = None
        self._process = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging, one thread at a time."""
        if self._process != os.getpid():
            # A forked process has neither its parent's timer nor its failures.
            self._forget()
        if record.levelno < logging.WARNING:
            super().emit(record)
            return
        self._write_counts(older_than=INTERVAL)
        kind = _kind_of(record)
        repeated = self._kinds.get(kind)
        if repeated is None:
            self._begin(kind, record)
            super().emit(record)
        elif repeated.is_different(record):
            super().emit(_without_traceback(record))
        else:
            repeated.count += 1
            self._start_timer()

    def _begin(self, kind: tuple[Any, ...], record: logging.LogRecord) -> None:
        if len(self._kinds) >= MAX_KINDS:
            self._write_counts(older_than=0)
            self._kinds.clear()
        # Without its traceback, which would keep objects alive.
        first, text = _without_traceback(record), _text_of(record)
        self._kinds[kind] = Repeated(first, time.monotonic(), variants={text}, is_outage=_is_outage(record))

    def _start_timer(self) -> None:
        """Have the last repetitions counted even if nothing follows them."""
        if self._timer is None:
            self._timer = Timer(INTERVAL, self._write_last)
            self._timer.daemon = True
            self._timer.start()

    def _write_last(self) -> None:
        self.acquire()
        try:
            self._timer = None
            self._write_counts(older_than=0)
        finally:
            self.release()

    def _write_counts(self, older_than: float) -> None:
        """Write how often failures were repeated. Those that were not are forgotten, and written in full next time."""
        now = time.monotonic()
        for kind, repeated in list(self._kinds.items()):
            if now - repeated.since < older_than:
                continue
            if repeated.count:
                super().emit(_count(repeated, now - repeated.since))
                repeated.count, repeated.since = 0, now
            elif now - repeated.since >= INTERVAL:
                del self._kinds[kind]

    def close(self) -> None:
        """At the end of the process, write the counts that are left."""
        if self._process == os.getpid():
            if self._timer:
                self._timer.cancel()
            self._write_counts(older_than=0)
        super().close()


def _kind_of(record: logging.LogRecord) -> tuple[Any, ...]:
    """What records have in common that repeat each other."""
    error = _error_of(record)
    if error is None:
        return record.name, record.levelno, NUMBERS.sub("#", _text_of(record))
    place = None if _is_outage(record) else _place_of(error)
    return record.name, record.levelno, str(record.msg), type(error), place


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _is_outage(record: logging.LogRecord) -> bool:
    return any(kind.__name__ in OUTAGES for kind in type(_error_of(record)).__mro__)


def _place_of(error: BaseException) -> tuple[tuple[str, int], ...]:
    """Where an error occurred: the files and lines of its traceback."""
    frames, step = [], error.__traceback__
    while step:
        frames.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
        step = step.tb_next
    return tuple(frames)


def _text_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()[:MAX_COMPARED]
    except Exception:
        # The text and its arguments do not fit together; the formatter reports that.
        return str(record.msg)[:MAX_COMPARED]


def _without_traceback(record: logging.LogRecord) -> logging.LogRecord:
    return _copy(record, _text_of(record))


def _count(repeated: Repeated, seconds: float) -> logging.LogRecord:
    text = _text_of(repeated.first)
    return _copy(repeated.first, f"{repeated.count} more like this in {seconds:.0f} s: {text}")


def _copy(record: logging.LogRecord, text: str) -> logging.LogRecord:
    """A record of this moment, with another text and no traceback."""
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
