"""Workers take what a queue has, a slice of some seconds at a time."""

import pytest

from accounts.jobs import tasks, worker
from accounts.models import Deletion
from accounts.testing import make_business

from .rows import job, row

pytestmark = pytest.mark.django_db


def test_a_slice_ends_and_others_have_a_turn(shop, only):
    row(shop)
    other = row(make_business())
    worked = []
    only(job(work=lambda row, seconds: worked.append(row.pk) or True))
    assert worker.work_off("files", seconds=0) is True
    assert worker.work_off("files", seconds=0) is True
    assert worked[1] == other.pk


def test_with_enough_threads_at_it_one_more_does_nothing(shop, only, monkeypatch):
    row(shop)
    only(job(work=lambda row, seconds: pytest.fail("One too many.")))
    for _ in range(worker.MAX_THREADS["files"]):
        worker._free["files"].acquire()
    try:
        assert worker.work_off("files") is False
    finally:
        for _ in range(worker.MAX_THREADS["files"]):
            worker._free["files"].release()


def test_the_tick_finds_what_the_broker_forgot(shop, only):
    row(shop)
    rules = job(work=lambda row, seconds: rules.finish(row) or False)
    only(rules)
    tasks.give_due_work("files")
    assert Deletion.objects.get().due_at is None
