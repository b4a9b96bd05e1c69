"""
Repeated failures become a few lines a minute: the first is written as it is, with its traceback; those that follow
are counted, and once a minute their number is written. A failure that is different in its logger, text, kind or place
is written as it is.
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

#: Repetitions with different words (another row, another person) are written without their traceback, so many of them.
MAX_VARIANTS = 5

#: Kinds of failures at once. More than these are no repetitions.
MAX_KINDS = 500

#: Numbers, addresses in memory and ids of tasks make no difference.
NUMBERS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|0x[0-9a-f]+|\d+")
#: How much of a text tells it from others.
COMPARED = 500

#: Failures of the surroundings, known by their exceptions' names: wherever they turn up, they have the same cause.
OUTAGES = {"OperationalError", "InterfaceError", "ConnectionError", "TimeoutError", "SchedulingError"}


@dataclass
class Repeated:
    """A kind of failure, since it was last written."""

    first: logging.LogRecord
    since: float
    count: int = 0
    variants: set[str] = field(default_factory=set)
    #: Whether it is a failure of the surroundings, of which other words say nothing more.
    is_outage: bool = False

    def is_different(self, record: logging.LogRecord) -> bool:
        """Whether its words are new, and there were not too many of them."""
        text = _text_of(record)
        if self.is_outage or text in self.variants or len(self.variants) > MAX_VARIANTS:
            return False
        self.variants.add(text)
        return True


class GatheringHandler(logging.StreamHandler[TextIO]):
    """Writes records to a stream. Warnings and errors that repeat themselves are gathered."""

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
            # A forked process has neither the timer nor the failures of its parent.
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
        # Without its traceback, which would keep alive what failed.
        first, text = _without_traceback(record), _text_of(record)
        self._kinds[kind] = Repeated(first, time.monotonic(), variants={text}, is_outage=_is_outage(record))

    def _start_timer(self) -> None:
        """So that the last repetitions are counted also when nothing follows them."""
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
        """Write how often failures were repeated; those that were not are over, and are written whole next time."""
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
        """Write what is left, at the end of the process."""
        if self._process == os.getpid():
            if self._timer:
                self._timer.cancel()
            self._write_counts(older_than=0)
        super().close()


def _kind_of(record: logging.LogRecord) -> tuple[Any, ...]:
    """What is the same in records that repeat each other."""
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
    """Where an error came up: the files and lines of its traceback."""
    frames, step = [], error.__traceback__
    while step:
        frames.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
        step = step.tb_next
    return tuple(frames)


def _text_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()[:COMPARED]
    except Exception:
        # A text that its arguments do not fit; the formatter says so.
        return str(record.msg)[:COMPARED]


def _without_traceback(record: logging.LogRecord) -> logging.LogRecord:
    return _copy(record, _text_of(record))


def _count(repeated: Repeated, seconds: float) -> logging.LogRecord:
    text = _text_of(repeated.first)
    return _copy(repeated.first, f"{repeated.count} more like this in {seconds:.0f} s: {text}")


def _copy(record: logging.LogRecord, text: str) -> logging.LogRecord:
    """A record of now with another text, and nothing below it."""
    return logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
