"""The jobs of the installation: their queues, ticks and threads, and what a start makes of their rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.jobs import registry, worker
from chatbot_site.celery import app
from chatbot_site.tests.tenancy.world import World
from crm.testing import make_conversation
from whatsapp.models import WebhookEvent, WhatsAppNumber

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def test_work_goes_to_the_queue_of_its_job():
    for queue in worker.MAX_THREADS:
        assert app.amqp.router.route({}, "accounts.jobs.tasks.work_off", args=(queue,))["queue"].name == queue


def test_one_process_keeps_threads_for_what_cannot_wait():
    from chatbot_site.operations.embedded import THREADS

    assert sum(worker.MAX_THREADS.values()) < THREADS
    assert worker.MAX_THREADS["calls"] > max(job.share for job in registry.jobs_of("calls"))


def test_every_queue_of_jobs_has_a_tick_and_threads():
    ticked = {entry["args"][0] for entry in registry.beat_schedule().values() if entry["args"]}
    assert ticked == {job.queue for job in registry.jobs() if job.work} == set(worker.MAX_THREADS)
    assert registry.beat_schedule().items() <= app.conf.beat_schedule.items()


def test_every_tick_of_a_job_is_a_task():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.parametrize("name", sorted(registry._jobs))
def test_at_the_start_what_a_kill_left_is_let_go(name):
    rules = registry._jobs[name]
    world = World("held")
    held = rules.model._default_manager.filter(pk=world.rows[rules.model].pk)
    held.update(**{rules.columns.lease_until: timezone.now() + MINUTE})
    registry.give_back()
    assert held.get(**{rules.columns.lease_until: None})


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
