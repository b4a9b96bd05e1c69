"""The clock gives every tick in its time, but for those that would find nothing."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.jobs import registry
from accounts.jobs.ticks import Look
from accounts.testing import make_owner
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast, make_broadcast_message
from chatbot_site import ticks
from chatbot_site.celery import app
from chatbot_site.operations import clock
from chatbot_site.operations.clock import Clock
from chatbot_site.tests.tenancy.world import World
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)

#: Of the jobs that have a tick.
JOBS = sorted(job.name for job in registry.jobs() if job.work or job.tick)


def idle():
    return Look(ticks.sought()).idle()


@pytest.fixture
def given(monkeypatch):
    """The names of the ticks that were given."""
    given = []
    monkeypatch.setattr(Clock, "apply_entry", lambda self, entry, producer: given.append(entry.name))
    return given


@pytest.fixture
def passing(monkeypatch):
    """Makes seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


def test_while_nothing_is_due_only_ticks_that_look_elsewhere_are_given(given, passing):
    the_clock = Clock(app=app)
    the_clock.tick()
    passing(3600)
    the_clock.tick()
    assert set(given) == app.conf.beat_schedule.keys() - ticks.sought().keys()


def test_all_ticks_are_asked_for_in_one_statement(given, passing, django_assert_num_queries):
    the_clock = Clock(app=app)
    the_clock.tick()
    passing(3600)
    with django_assert_num_queries(1):
        the_clock.tick()


def test_while_the_database_is_away_every_tick_is_given(given, passing):
    the_clock = Clock(app=app)
    the_clock.tick()
    passing(3600)
    with patch.object(Look, "idle", side_effect=OperationalError):
        the_clock.tick()
    assert set(given) == app.conf.beat_schedule.keys()


def test_a_tick_is_first_given_after_its_interval_and_then_once_in_each(given, passing):
    make_message(make_conversation())
    the_clock = Clock(app=app)
    assert the_clock.tick() == 2
    assert given == []
    counts = []
    for _ in range(4):
        passing(1)
        the_clock.tick()
        counts.append(given.count("take bot turns that are due"))
    assert counts == [0, 1, 1, 2]


def test_a_clock_that_stood_still_does_not_make_up_for_it(given, passing):
    make_message(make_conversation())
    the_clock = Clock(app=app)
    the_clock.tick()
    passing(60)
    for _ in range(3):
        the_clock.tick()
    assert given.count("take bot turns that are due") == 1


def test_what_ticks_seek_is_named_as_in_the_schedule():
    assert ticks.sought().keys() <= app.conf.beat_schedule.keys()


def test_what_ticks_seek_changes_with_the_given_moment_alone():
    statements = []
    for now in (timezone.now(), timezone.now() + timedelta(days=1)):
        with patch.object(timezone, "now", return_value=now):
            statements.append(Look(ticks.sought()).statement)
    assert statements[0] == statements[1]


def tick_of(job):
    return f"{job.name}: what is due" if job.tick else f"jobs of {job.queue}: what is due"


@pytest.mark.parametrize("name", JOBS)
def test_a_row_of_a_job_has_its_tick_given_when_its_time_has_come(name):
    job = registry._jobs[name]
    row = World("due").rows[job.model]
    Broadcast.objects.update(status="planning")
    for other in registry.jobs():
        other.model._default_manager.update(**{other.columns.due_at: timezone.now() + MINUTE})
    assert tick_of(job) in idle()
    job.model._default_manager.filter(pk=row.pk).update(**{job.columns.due_at: timezone.now() - MINUTE})
    assert tick_of(job) not in idle()


def test_rows_whose_time_is_still_to_come_have_no_tick_given():
    make_message(make_conversation(), direction="out", status="queued", wamid=None, due_at=timezone.now() + MINUTE)
    make_broadcast(make_number(make_owner().business), status="scheduled", scheduled_at=timezone.now() + MINUTE)
    assert {"send messages that are due", "start broadcasts whose time has come"} <= idle()


def test_a_message_that_waits_has_it_sent():
    make_message(make_conversation(), direction="out", status="queued", wamid=None)
    assert "send messages that are due" not in idle()


def test_a_broadcast_that_is_sent_has_it_sent_and_ended():
    broadcast = make_broadcast(make_number(make_owner().business), status="sending")
    make_broadcast_message(broadcast, make_customer(broadcast.business))
    assert {"send messages that are due", "end broadcasts of which nothing is left"}.isdisjoint(idle())


def test_a_send_whose_lease_ran_out_has_it_settled():
    make_message(
        make_conversation(),
        direction="out",
        status="sending",
        wamid=None,
        token="t",
        lease_until=timezone.now() - MINUTE,
    )
    assert "settle sends whose lease ran out" not in idle()


def test_a_message_that_nobody_looked_at_has_its_turn_taken():
    make_message(make_conversation())
    assert "take bot turns that are due" not in idle()
