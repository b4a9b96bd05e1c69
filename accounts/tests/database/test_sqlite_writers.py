"""The threads of a process write into SQLite in the order of coming."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from django.db import connection, transaction

from accounts.database.sqlite3.base import FairLock
from accounts.models import Business
from accounts.testing import make_business

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has many writers at a time"),
]

NAMES = ["first", "second", "third", "fourth", "fifth"]


@contextmanager
def in_thread(work: Callable[[], None]) -> Iterator[None]:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()


def wait_until_waiting(count: int) -> None:
    lock = connection._fair_lock  # type: ignore[attr-defined]
    deadline = time.monotonic() + 10
    while len(lock._waiting) < count and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(lock._waiting) == count


def test_who_comes_first_writes_first() -> None:
    business = make_business()
    written = []

    def write(name: str) -> None:
        with transaction.atomic():
            Business.objects.filter(pk=business.pk).update(name=name)
            written.append(name)

    with ExitStack() as threads:
        connection.cursor().execute("BEGIN IMMEDIATE")
        for count, name in enumerate(NAMES, start=1):
            threads.enter_context(in_thread(partial(write, name)))
            wait_until_waiting(count)
        connection.rollback()
    assert written == NAMES


@pytest.mark.parametrize("end", ["commit", "rollback", "close", "refused statement"])
def test_whatever_ends_writing_lets_the_next_one_write(end: str) -> None:
    business = make_business()
    if end == "refused statement":
        with pytest.raises(Exception, match="no such table"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM nothing_of_this_name")
    else:
        connection.cursor().execute("BEGIN IMMEDIATE")
        getattr(connection, end)()
    began = time.monotonic()
    with in_thread(lambda: Business.objects.filter(pk=business.pk).update(name="next") and None):
        pass
    business.refresh_from_db()
    assert business.name == "next"
    assert time.monotonic() - began < 10


def test_who_only_reads_waits_for_nobody() -> None:
    make_business()
    found = []
    with transaction.atomic(), in_thread(lambda: found.append(Business.objects.count())):
        pass
    assert found == [1]


def test_who_waits_too_long_is_in_nobodys_way() -> None:
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(1)
