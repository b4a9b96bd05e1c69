"""Workers take what a queue has, a slice of some seconds at a time."""

import pytest

from accounts.jobs import tasks, worker
from accounts.models import Deletion
from accounts.testing import make_business
from accounts.tests.jobs.rows import job, row

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


def test_a_worker_takes_rows_of_all_the_jobs_of_its_queue_and_of_no_other(shop, only):
    """Each job has its own rows: those of its name."""
    done, jobs = [], {}

    def of(name, queue):
        def work(row, seconds):
            done.append(name)
            jobs[name].finish(row)
            return False

        jobs[name] = job(name=name, queue=queue, work=work, rows=lambda: Deletion.objects.filter(name=name))
        row(shop, name=name)

    of("first", "files"), of("second", "files"), of("elsewhere", "media")
    only(*jobs.values())
    assert worker.work_off("files") is False
    assert sorted(done) == ["first", "second"]


def test_work_that_fails_does_not_keep_the_others_waiting(shop, only):
    other = make_business()
    rows = [row(shop), row(other)]
    worked = []

    def work(row, seconds):
        worked.append(row.pk)
        raise ValueError("Broken.")

    only(job(work=work))
    assert worker.work_off("files") is False
    assert sorted(worked) == [row.pk for row in rows]
    assert set(Deletion.objects.values_list("last_error", flat=True)) == {"ValueError: Broken."}


def test_a_thread_is_free_again_whatever_went_wrong(shop, only, monkeypatch):
    only(job())
    monkeypatch.setattr(worker, "_claim", lambda queue: 1 / 0)
    for _ in range(worker.MAX_THREADS["files"] + 1):
        with pytest.raises(ZeroDivisionError):
            worker.work_off("files")


def test_work_is_given_only_the_time_that_is_left(shop, only):
    row(shop), row(make_business())
    given = []

    def work(row, seconds):
        given.append(seconds)
        rules.finish(row)
        return False

    rules = job(work=work)
    only(rules)
    worker.work_off("files", seconds=100)
    assert 0 <= given[1] < given[0] <= 100


def test_no_more_workers_are_called_than_a_process_has_threads(shop, only):
    for _ in range(worker.MAX_THREADS["files"] + 5):
        row(None)
    only(job(share=None))
    assert worker.count_claimable("files") == worker.MAX_THREADS["files"]


def test_a_slice_that_left_work_asks_for_another(shop, only, monkeypatch):
    row(shop)
    asked = []
    monkeypatch.setattr(tasks.work_off, "delay", asked.append)
    only(job(work=lambda row, seconds: True))
    monkeypatch.setattr(worker.work_off, "__defaults__", (0,))
    tasks.work_off.run("files")
    assert asked == ["files"]


def test_a_slice_that_left_nothing_asks_for_no_other(shop, only, monkeypatch):
    monkeypatch.setattr(tasks.work_off, "delay", lambda queue: pytest.fail("Nothing is left."))
    only(job())
    tasks.work_off.run("files")


def test_a_worker_is_woken_once_the_transaction_is_committed(shop, only, django_capture_on_commit_callbacks):
    row(shop)
    rules = job(work=lambda row, seconds: rules.finish(row) or False)
    only(rules)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake(rules)
        assert Deletion.objects.get().due_at is not None
    assert Deletion.objects.get().due_at is None


def test_tasks_go_to_the_queue_that_they_are_asked_to_look_through():
    for task in (tasks.work_off, tasks.give_due_work):
        assert tasks.route(task.name, ("media",), {}, {}) == {"queue": "media"}
        assert tasks.route(task.name, (), {}, {}) is None
    assert tasks.route("crm.tasks.other", ("media",), {}, {}) is None
