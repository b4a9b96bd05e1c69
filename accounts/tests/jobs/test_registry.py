"""What follows from the jobs: checks, pruning, and what is stuck."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.jobs import registry
from accounts.models import Deletion, JobRow
from accounts.tests.jobs.rows import MINUTE, job, row
from crm.models import CustomerUpload

pytestmark = pytest.mark.django_db


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


def test_pruning_takes_along_what_hangs_on_the_rows(shop):
    old = row(shop, name="old")
    Deletion.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    row(shop, name="fresh")
    taken = []
    rules = job(retention=timedelta(days=7), before_delete=lambda rows: taken.extend(rows))
    assert registry._prune(rules, 0) == 1
    assert taken == [old]


def test_rows_are_pruned_in_batches_until_the_time_is_over(shop, monkeypatch):
    monkeypatch.setattr(registry, "BATCH", 2)
    for _ in range(5):
        row(shop)
    Deletion.objects.update(created_at=timezone.now() - timedelta(days=8))
    rules = job(retention=timedelta(days=7))
    assert registry._prune(rules, deadline=0) == 2
    assert registry._prune(rules, deadline=float("inf")) == 3


def test_the_oldest_are_pruned_first(shop, monkeypatch):
    monkeypatch.setattr(registry, "BATCH", 1)
    for days in (9, 20, 12):
        Deletion.objects.filter(pk=row(shop).pk).update(created_at=timezone.now() - timedelta(days=days))
    registry._prune(job(retention=timedelta(days=7)), deadline=0)
    left = [(timezone.now() - made).days for made in Deletion.objects.values_list("created_at", flat=True)]
    assert sorted(left) == [9, 12]


def test_a_row_is_as_old_as_its_job_says(shop, only):
    finished = row(shop, finished_at=timezone.now() - timedelta(days=8))
    unfinished = row(shop)
    Deletion.objects.update(created_at=timezone.now() - timedelta(days=80))
    only(job(retention=timedelta(days=7), age="finished_at"), job(name="for ever", retention=None))
    assert registry.prune() == {"a test's": 1}
    assert list(Deletion.objects.all()) == [unfinished] != [finished]


def test_what_a_job_does_not_work_on_is_not_stuck(shop, only):
    row(shop, due_at=timezone.now() - timedelta(hours=1), state="done")
    only(job(rows=Deletion.objects.open))
    assert registry.stuck() == []


def test_rows_without_a_worker_of_their_own_are_not_overdue(shop, only):
    row(shop, due_at=timezone.now() - timedelta(hours=1))
    only(job(work=None, tick=""))
    assert registry.stuck() == []


def test_of_very_many_stuck_rows_some_are_listed(shop, only):
    for _ in range(5):
        row(shop, due_at=timezone.now() - timedelta(hours=1))
    only(job())
    assert len(registry.stuck(limit=3)) == 3


def test_the_rows_of_all_jobs_are_given_back(shop, only):
    for name in ("first", "second"):
        row(shop, name=name, lease_until=timezone.now() + MINUTE)
    only(job(rows=lambda: Deletion.objects.filter(name="first")))
    assert registry.give_back() == 2
    assert not Deletion.objects.filter(lease_until__isnull=False).exists()


def test_a_queue_ticks_as_often_as_its_most_urgent_job_and_a_job_of_its_own_by_itself(only):
    only(
        job(name="slow", interval=60),
        job(name="urgent", interval=2),
        job(name="own", work=None, tick="crm.tasks.look", interval=7, queue="media"),
    )
    ticks = {
        name: (entry["task"], entry["args"], entry["schedule"]) for name, entry in registry.beat_schedule().items()
    }
    assert ticks == {
        "jobs of files: what is due": ("accounts.jobs.tasks.give_due_work", ["files"], 2),
        "own: what is due": ("crm.tasks.look", [], 7),
    }
