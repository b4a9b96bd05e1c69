"""One queue of due work: rows are claimed by one worker at a time, and businesses take turns."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.jobs import registry, tasks, worker
from accounts.jobs.job import Job, TakenOver, run_claimed
from accounts.models import Deletion, JobRow
from accounts.testing import make_business, work_off
from chatbot_site.celery import app
from crm.models import CustomerUpload
from crm.testing import make_conversation
from whatsapp.models import WebhookEvent, WhatsAppNumber

from .world import World

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def row(business, **fields):
    """A row of a job, due for a while."""
    fields = {"due_at": timezone.now() - MINUTE, **fields}
    made = Deletion.objects.create(what="crm.customer", object_id=Deletion.objects.count() + 1, **fields)
    Deletion.objects.filter(pk=made.pk).update(business=business)
    made.refresh_from_db()
    return made


def job(**rules):
    """A job whose work is whatever the test says."""
    rules = {"work": lambda row, seconds: False, "queue": "files", **rules}
    return Job(name="a test's", model=Deletion, lease=MINUTE, **rules)


@pytest.fixture(autouse=True)
def _nobody_was_served(monkeypatch):
    """A business may have the primary key of an earlier test's."""
    monkeypatch.setattr("accounts.jobs.job._served", {})


@pytest.fixture
def shop():
    return make_business()


def test_a_claimed_row_is_nobody_elses(shop):
    due = row(shop)
    assert job().claim() == due
    assert job().claim() is None


def test_a_row_whose_time_has_not_come_is_not_claimed(shop):
    row(shop, due_at=timezone.now() + MINUTE)
    row(shop, due_at=None)
    assert job().claim() is None


def test_a_row_whose_lease_ran_out_is_claimed_again_and_says_so(shop):
    row(shop)
    assert job().claim().was_cut_off is False
    Deletion.objects.update(lease_until=timezone.now() - MINUTE)
    again = job().claim()
    assert (again.was_cut_off, again.attempts) == (True, 2)


def test_writing_to_a_row_that_was_taken_over_raises(shop):
    row(shop)
    late = job().claim()
    Deletion.objects.update(lease_until=timezone.now() - MINUTE)
    assert job().claim()
    for write in (job().write, job().extend, job().release, job().finish):
        with pytest.raises(TakenOver):
            write(late, name="late")
    assert Deletion.objects.get().name != "late"


def test_a_released_row_goes_behind_the_others(shop):
    first, second = row(shop), row(shop)
    rules = job(share=2)
    rules.release(rules.claim())
    assert [rules.claim(), rules.claim()] == [second, first]


def test_a_row_that_failed_comes_back_by_the_delays(shop):
    row(shop)
    rules, waits = job(delays=(MINUTE, 10 * MINUTE)), []
    for _attempt in range(3):
        rules.retry(rules.claim(), ValueError("Full."))
        waits.append(round((Deletion.objects.get().due_at - timezone.now()) / MINUTE))
        Deletion.objects.update(due_at=timezone.now())
    assert waits == [1, 10, 10]
    assert Deletion.objects.get().last_error == "ValueError: Full."


def test_an_error_of_the_work_is_noted_and_the_row_comes_back(shop):
    row(shop)
    rules = job(work=lambda row, seconds: 1 / 0)
    assert run_claimed(rules, rules.claim(), 1) is False
    failed = Deletion.objects.get()
    assert failed.last_error.startswith("ZeroDivisionError")
    assert failed.lease_until is None and failed.due_at > timezone.now()


def test_after_its_last_attempt_a_row_is_parked(shop):
    row(shop)
    rules = job(max_attempts=2)
    for _attempt in range(2):
        rules.retry(rules.claim(), "Broken.")
        Deletion.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    assert rules.claim() is None
    assert list(rules.parked()) == [Deletion.objects.get()]


def test_a_row_that_ends_its_worker_each_time_is_parked(shop):
    row(shop)
    worked = []
    rules = job(max_attempts=2, work=lambda row, seconds: worked.append(row))
    for _kill in range(2):
        rules.claim()
        rules.give_back()
    work_off(rules)
    assert worked == []
    assert "The worker ended each time" in rules.parked().get().last_error


def test_what_succeeded_is_no_attempt_any_more(shop):
    row(shop, attempts=4, last_error="Broken.")
    job().release(job().claim())
    assert list(Deletion.objects.values_list("attempts", "last_error")) == [(0, "")]


def test_a_wish_that_comes_during_the_work_stays(shop):
    row(shop)
    claimed = job().claim()
    wished = timezone.now()
    Deletion.objects.update(due_at=wished)
    job().finish(claimed)
    assert Deletion.objects.get().due_at == wished


# Businesses take turns


def test_a_business_has_no_more_under_way_than_its_share(shop):
    for _ in range(3):
        row(shop)
    rules = job(share=2)
    assert rules.claim() and rules.claim()
    assert rules.claim() is None and rules.count_claimable() == 0


def test_who_has_fewer_under_way_comes_first(shop):
    for _ in range(3):
        row(shop, due_at=timezone.now() - 10 * MINUTE)
    latecomer = make_business()
    row(latecomer)
    rules = job(share=3)
    assert [rules.claim().business for _ in range(4)] == [shop, latecomer, shop, shop]


def test_one_worker_alone_serves_businesses_in_turns(shop):
    others = [make_business(), make_business()]
    for business in (shop, shop, shop, shop, *others):
        row(business)
    rules, served = job(), []
    for _turn in range(6):
        claimed = rules.claim()
        served.append(claimed.business)
        rules.release(claimed)
    assert served == [shop, *others] * 2


def test_a_very_row_is_not_claimed_beyond_the_share(shop):
    row(shop)
    page = row(shop)
    assert job(share=1).claim()
    assert job(share=1).claim(page.pk) is None


def test_as_many_workers_are_called_as_find_a_row(shop):
    for business in (shop, shop, shop, make_business()):
        row(business)
    assert job(share=2).count_claimable() == 3
    assert job(share=None).count_claimable() == 4


@pytest.mark.django_db(transaction=True)
def test_workers_who_claim_at_once_keep_the_share(shop):
    for _ in range(6):
        row(shop)
    rules, claimed, ready = job(share=2), [], Event()

    def claim():
        ready.wait()
        try:
            claimed.append(rules.claim())
        finally:
            connection.close()

    threads = [Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    ready.set()
    for thread in threads:
        thread.join()
    assert sum(found is not None for found in claimed) == 2


# Workers


@pytest.fixture
def only(monkeypatch):
    """Make one job the only one."""

    def only(rules):
        monkeypatch.setattr(registry, "_jobs", {rules.name: rules})

    return only


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


def test_work_goes_to_the_queue_of_its_job():
    for queue in worker.MAX_THREADS:
        assert app.amqp.router.route({}, "accounts.jobs.tasks.work_off", args=(queue,))["queue"].name == queue


def test_one_process_keeps_threads_for_what_cannot_wait():
    from chatbot_site.operations.embedded import THREADS

    assert sum(worker.MAX_THREADS.values()) < THREADS
    assert worker.MAX_THREADS["calls"] > max(job.share for job in registry.jobs_of("calls"))


# What follows from a job


def test_every_queue_of_jobs_has_a_tick_and_threads():
    ticked = {entry["args"][0] for entry in registry.beat_schedule().values() if entry["args"]}
    assert ticked == {job.queue for job in registry.jobs() if job.work} == set(worker.MAX_THREADS)
    assert registry.beat_schedule().items() <= app.conf.beat_schedule.items()


def test_every_tick_of_a_job_is_a_task():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_a_row_without_a_job_fails_a_check(monkeypatch):
    assert registry.every_job_row_has_a_job(None) == []
    monkeypatch.setattr(registry, "_jobs", {})
    errors = registry.every_job_row_has_a_job(None)
    assert {error.obj for error in errors} == {model for model in apps.get_models() if issubclass(model, JobRow)}
    assert CustomerUpload in {error.obj for error in errors}


def test_a_job_of_an_unknown_queue_fails_a_check(only):
    assert registry.every_queue_exists(None) == []
    only(job(queue="nowhere"))
    [error] = registry.every_queue_exists(None)
    assert "'nowhere'" in error.msg


@pytest.mark.parametrize("name", sorted(registry._jobs))
def test_at_the_start_what_a_kill_left_is_let_go(name):
    rules = registry._jobs[name]
    world = World("held")
    held = rules.model._default_manager.filter(pk=world.rows[rules.model].pk)
    held.update(**{rules.columns.lease_until: timezone.now() + MINUTE})
    registry.give_back()
    assert held.get(**{rules.columns.lease_until: None})


def test_what_is_old_is_deleted(shop):
    old, fresh = row(shop, name="old"), row(shop, name="fresh")
    Deletion.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    with_retention = job(retention=timedelta(days=7))
    assert registry._prune(with_retention, 0) == 1
    assert list(Deletion.objects.all()) == [fresh]


def test_stuck_rows_are_listed_with_the_reason(shop, only):
    hour = timedelta(hours=1)
    overdue = row(shop, due_at=timezone.now() - hour)
    abandoned = row(shop, due_at=timezone.now() - 2 * hour, lease_until=timezone.now() - hour)
    parked = row(shop, due_at=None, attempts=6, last_error="Broken.")
    row(shop)
    row(shop, due_at=timezone.now() - hour, lease_until=timezone.now() + MINUTE)
    only(job())
    found = {(stuck.pk, stuck.why, stuck.error) for stuck in registry.stuck()}
    assert found == {(overdue.pk, "overdue", ""), (abandoned.pk, "abandoned", ""), (parked.pk, "parked", "Broken.")}
    assert {stuck.business_id for stuck in registry.stuck()} == {shop.pk}


def test_events_and_numbers_that_wait_for_nobody_are_not_stuck():
    number = make_conversation().whatsapp_number
    WhatsAppNumber.objects.update(is_active=False, check_due_at=timezone.now() + MINUTE, check_attempts=3)
    WebhookEvent.objects.create(
        business=number.business,
        whatsapp_number=number,
        field="messages",
        value={},
        due_at=None,
        processed_at=timezone.now(),
        attempts=1,
    )
    assert registry.stuck() == []
