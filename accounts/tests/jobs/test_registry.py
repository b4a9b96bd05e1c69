"""What follows from the jobs: checks, pruning, and what is stuck."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.jobs import registry
from accounts.models import Deletion, JobRow
from crm.models import CustomerUpload

from .rows import MINUTE, job, row

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
