"""An outage is a few lines a minute, and nothing that is different is lost."""

import io
import logging
import os

import pytest
from django.db import OperationalError

from accounts.logging import repeats
from accounts.logging.redaction import RedactingFormatter
from accounts.logging.repeats import GatheringHandler


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def clock(monkeypatch):
    """The time that the handler sees, in a list."""
    time = [1000.0]
    monkeypatch.setattr(repeats.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def log(stream, clock):
    """A logger whose records go through the handler. No real timer runs."""
    handler = GatheringHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler._start_timer = lambda: None
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    return logger


def lines(stream):
    return stream.getvalue().splitlines()


def fail(log, text="Row %s failed.", *args, error=OperationalError):
    try:
        raise error("the connection is closed")
    except error:
        log.exception(text, *args)


def test_thousands_of_failures_are_a_few_lines_a_minute(log, stream, clock):
    for number in range(13_000):
        clock[0] += 0.005
        fail(log, "Row %s failed.", number)
    written = [line for line in lines(stream) if line.startswith("ERROR")]
    assert len(written) <= 1 + repeats.MAX_VARIANTS + 1
    assert stream.getvalue().count("Traceback") == 1


def test_the_first_failure_has_its_traceback_and_each_is_counted(log, stream, clock):
    for _ in range(10):
        fail(log)
    clock[0] += 61
    fail(log)
    assert "Traceback" in stream.getvalue()
    assert lines(stream)[-1] == "ERROR shop: 9 more like this in 61 s: Row %s failed."


def test_no_failure_is_lost_from_the_count(log, stream, clock):
    for _ in range(500):
        clock[0] += 1
        fail(log)
    clock[0] += 61
    log.error("Another failure.")
    counted = sum(int(line.split()[2]) for line in lines(stream) if "more like this" in line)
    assert counted == 499


def test_while_an_outage_lasts_its_traceback_is_written_once(log, stream, clock):
    for _ in range(300):
        clock[0] += 1
        fail(log)
    assert stream.getvalue().count("Traceback") == 1


def test_after_a_quiet_minute_a_failure_is_written_whole_again(log, stream, clock):
    fail(log)
    clock[0] += 61
    fail(log)
    assert stream.getvalue().count("Traceback") == 2


def test_the_same_outage_at_two_places_is_one(log, stream):
    fail(log)
    try:
        raise OperationalError
    except OperationalError:
        log.exception("Row %s failed.")
    assert stream.getvalue().count("Traceback") == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda log: fail(log, "Number %s failed."),
        lambda log: fail(log, error=ValueError),
        lambda log: log.error("Row %s failed."),
        lambda log: log.warning("Row failed."),
    ],
)
def test_a_different_failure_is_written_whole(log, stream, other):
    fail(log)
    before = len(lines(stream))
    other(log)
    assert len(lines(stream)) > before


def test_the_same_error_at_another_place_is_written_whole(log, stream):
    fail(log, error=ValueError)
    try:
        raise ValueError
    except ValueError:
        log.exception("Row %s failed.")
    assert stream.getvalue().count("Traceback") == 2


def test_repetitions_with_other_words_are_written_without_their_traceback(log, stream):
    for number in range(3):
        fail(log, "Row %s failed.", number, error=ValueError)
    assert [line for line in lines(stream) if line.startswith("ERROR")] == [
        f"ERROR shop: Row {number} failed." for number in range(3)
    ]
    assert stream.getvalue().count("Traceback") == 1


def test_an_outage_is_written_once_whatever_meets_it(log, stream):
    for number in range(3):
        fail(log, "Row %s failed.", number)
    assert len([line for line in lines(stream) if line.startswith("ERROR")]) == 1


def test_what_is_no_failure_is_written_each_time(log, stream):
    for _ in range(20):
        log.info("Signed in.")
    assert len(lines(stream)) == 20


def test_sentences_that_differ_in_more_than_numbers_are_all_written(log, stream):
    for path in ("/a/", "/b/", "/c/", "/d/", "/e/", "/f/", "/g/", "/h/"):
        log.warning("Not Found: %s", path)
    assert len(lines(stream)) == 8


def test_the_last_repetitions_are_counted_without_another_record(stream, monkeypatch):
    monkeypatch.setattr(repeats, "INTERVAL", 0.2)
    handler = GatheringHandler(stream)
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    for _ in range(5):
        logger.error("Away.")
    handler._timer.join(5)
    assert "4 more like this" in stream.getvalue()


def test_what_was_not_counted_yet_is_written_at_the_end(log, stream):
    for _ in range(5):
        log.error("Away.")
    log.handlers[0].close()
    assert "4 more like this" in lines(stream)[-1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork.")
def test_a_forked_process_begins_anew(log, stream, monkeypatch):
    log.error("Away.")
    monkeypatch.setattr(repeats.os, "getpid", lambda: -1)
    log.error("Away.")
    assert len(lines(stream)) == 2


def test_kinds_without_end_take_no_memory_without_end(log, stream):
    for number in range(repeats.MAX_KINDS * 3):
        log.error("Failure of kind %s", "x" * number)
    assert len(log.handlers[0]._kinds) <= repeats.MAX_KINDS


def test_all_logs_of_the_installation_are_gathered(settings):
    handlers = settings.LOGGING["handlers"].values()
    assert {handler["class"] for handler in handlers} == {"accounts.logging.repeats.GatheringHandler"}


def test_a_text_that_its_arguments_do_not_fit_is_written_and_counted(log, stream, clock):
    for _ in range(3):
        log.error("Row %s of %s failed.", 5)
    clock[0] += 61
    log.error("Another failure.")
    assert any("2 more like this" in line and "Row %s of %s failed." in line for line in lines(stream))


def test_when_there_are_too_many_kinds_what_was_counted_is_written_first(log, stream, monkeypatch):
    monkeypatch.setattr(repeats, "MAX_KINDS", 3)
    for name in "ab":
        for _ in range(5):
            log.error("Failure of kind %s", name * 3)
    log.error("Failure of kind ccc")
    log.error("Failure of kind ddd")
    assert len([line for line in lines(stream) if "4 more like this" in line]) == 2


def test_a_failure_of_another_logger_is_written_whole(log, stream):
    fail(log)
    other = logging.Logger("shop.other")
    other.addHandler(log.handlers[0])
    fail(other)
    assert stream.getvalue().count("Traceback") == 2


def test_ids_of_tasks_and_addresses_in_memory_make_no_other_failure(log, stream):
    for serial in range(10):
        log.error("Task 9f4c1c1e-3c5e-4f3f-8d7c-0b1c2d3e4f5%x at 0x7f%04x ended.", serial, serial)
    assert len(lines(stream)) == 1 + repeats.MAX_VARIANTS


def test_a_counted_failure_keeps_no_request_alive(log, stream):
    fail(log)
    [repeated] = log.handlers[0]._kinds.values()
    assert repeated.first.exc_info is None and repeated.first.args is None


def test_what_the_first_failure_hides_stays_hidden_in_the_count(stream, clock):
    handler = GatheringHandler(stream)
    handler.setFormatter(RedactingFormatter("{message}", style="{"))
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    for _ in range(3):
        logger.error("The token EAAGm0PX4ZCpsBAK is bad")
    handler.close()
    assert "2 more like this" in stream.getvalue() and "EAAGm" not in stream.getvalue()
