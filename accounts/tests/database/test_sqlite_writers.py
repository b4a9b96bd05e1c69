"""The threads of a process write into SQLite in the order of coming."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import ConnectionHandler, OperationalError

from accounts.database.sqlite3.base import FairLock

pytestmark = pytest.mark.django_db

NAMES = ["first", "second", "third", "fourth", "fifth"]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """The connection of this thread to a database of its own."""
    options = {"timeout": 10, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"}
    database = {"ENGINE": "accounts.database.sqlite3", "NAME": tmp_path / "writers.sqlite3", "OPTIONS": options}
    connections = ConnectionHandler({"default": database})
    connections["default"].cursor().execute("CREATE TABLE written (name TEXT)")
    yield lambda: connections["default"]
    connections["default"].close()


def write(connect: Callable[[], Any], name: str) -> None:
    connect().cursor().execute("INSERT INTO written VALUES (%s)", [name])
    connect().close()


def written(connect: Callable[[], Any]) -> list[str]:
    rows: list[tuple[str]] = connect().cursor().execute("SELECT name FROM written ORDER BY rowid").fetchall()
    return [name for (name,) in rows]


@contextmanager
def in_thread(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()


def wait_until_waiting(connect: Callable[[], Any], count: int) -> None:
    waiting = connect()._fair_lock._waiting
    deadline = time.monotonic() + 10
    while len(waiting) < count and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(waiting) == count


def test_who_comes_first_writes_first(connect: Callable[[], Any]) -> None:
    with ExitStack() as threads:
        connect().cursor().execute("BEGIN IMMEDIATE")
        for count, name in enumerate(NAMES, start=1):
            threads.enter_context(in_thread(partial(write, connect, name)))
            wait_until_waiting(connect, count)
        connect().rollback()
    assert written(connect) == NAMES


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_whatever_ends_a_transaction_lets_the_next_one_write(connect: Callable[[], Any], end: str) -> None:
    connect().cursor().execute("BEGIN IMMEDIATE")
    getattr(connect(), end)()
    with in_thread(partial(write, connect, "next")):
        pass
    assert written(connect) == ["next"]


def test_a_statement_that_is_refused_lets_the_next_one_write(connect: Callable[[], Any]) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        connect().cursor().execute("DELETE FROM nothing_of_this_name")
    with in_thread(partial(write, connect, "next")):
        pass
    assert written(connect) == ["next"]


def test_who_only_reads_waits_for_nobody(connect: Callable[[], Any]) -> None:
    write(connect, "before")
    found: list[list[str]] = []
    connect().cursor().execute("BEGIN IMMEDIATE")
    with in_thread(lambda: found.append(written(connect))):
        pass
    connect().rollback()
    assert found == [["before"]]


def test_who_waits_too_long_is_in_nobodys_way() -> None:
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(1)


def test_who_waited_in_vain_does_not_wait_twice(tmp_path: Path) -> None:
    options = {"timeout": 0.5, "transaction_mode": "IMMEDIATE"}
    database = {"ENGINE": "accounts.database.sqlite3", "NAME": tmp_path / "busy.sqlite3", "OPTIONS": options}
    connections = ConnectionHandler({"default": database})
    seconds: list[float] = []

    def write_in_vain() -> None:
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            connections["default"].cursor().execute("BEGIN IMMEDIATE")
        seconds.append(time.monotonic() - began)
        connections["default"].close()

    connections["default"].cursor().execute("BEGIN IMMEDIATE")
    with in_thread(write_in_vain):
        pass
    connections["default"].rollback()
    connections["default"].close()
    assert 0.4 < seconds[0] < 0.9


def test_who_stops_waiting_is_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FairLock()
    assert lock.acquire(1)

    def interrupt(self: threading.Event, timeout: float | None = None) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(threading.Event, "wait", interrupt)
        lock.acquire(1)
    lock.release()
    assert lock.acquire(0)
