"""How workers and the clock show that they work: to /readyz through queues, to their own health checks by a file."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError

from chatbot_site.celery import app
from chatbot_site.operations import heartbeats, liveness
from chatbot_site.operations.environment import BASE_DIR
from chatbot_site.operations.heartbeats import BeatScheduler, QueueHeartbeats
from chatbot_site.tasks import note_heartbeat


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    """Signs of life of this test alone."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    heartbeats.forget()
    yield
    heartbeats.forget()


class Timer:
    """A worker's timer, whose time the test makes pass."""

    def call_repeatedly(self, interval, call):
        self.interval, self.call = interval, call
        return self

    def cancel(self):
        self.call = None


@pytest.fixture
def consumer():
    queues = {"inbound": None, "outbound": None}
    return SimpleNamespace(
        hostname="worker@here",
        timer=Timer(),
        app=SimpleNamespace(tasks=app.tasks, amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues))),
    )


def step():
    return QueueHeartbeats.__new__(QueueHeartbeats)


def test_a_worker_sends_a_heartbeat_through_each_of_its_queues(consumer):
    with patch.object(note_heartbeat, "apply_async") as sent:
        step().start(consumer)
    assert {call.kwargs["queue"] for call in sent.call_args_list} == {"inbound", "outbound"}
    assert all(call.args == ([call.kwargs["queue"]],) for call in sent.call_args_list)


def test_a_heartbeat_that_comes_through_is_the_age_of_its_queue(consumer):
    step().start(consumer)
    ages = heartbeats.ages(heartbeats.queue_names())
    assert {name for name, age in ages.items() if age is not None} == {"inbound", "outbound"}
    assert all(age < 60 for age in ages.values() if age is not None)


def test_a_worker_goes_on_sending_until_it_stops(consumer):
    heart = step()
    heart.start(consumer)
    heartbeats.forget()
    consumer.timer.call()
    assert heartbeats.ages(["inbound"])["inbound"] is not None
    heart.stop(consumer)
    assert consumer.timer.call is None


def test_a_worker_lives_also_while_the_broker_is_away(consumer):
    with patch.object(note_heartbeat, "apply_async", side_effect=BrokerError):
        step().start(consumer)
    assert liveness.age("worker") is not None


def test_heartbeats_that_nobody_took_in_time_are_dropped(consumer):
    with patch.object(note_heartbeat, "apply_async") as sent:
        step().start(consumer)
    assert all(call.kwargs["expires"] == heartbeats.MAX_AGE for call in sent.call_args_list)


def test_the_tick_of_the_version_before_keeps_its_web_processes_ready():
    note_heartbeat()
    assert cache.get("worker-heartbeat")


def test_workers_of_all_queues_are_looked_for():
    assert heartbeats.queue_names() == list(settings.CELERY_TASK_QUEUES)


def test_the_clock_notes_that_it_ticks():
    BeatScheduler(app=app, lazy=True).tick()
    assert heartbeats.ages([heartbeats.BEAT])[heartbeats.BEAT] < 60
    assert liveness.age("beat") < 60


def test_the_clock_ticks_also_while_redis_is_away():
    with patch.object(heartbeats.cache, "set", side_effect=RedisConnectionError):
        BeatScheduler(app=app, lazy=True).tick()
    assert liveness.age("beat") is not None


def check(name):
    """A health check as deploy/compose.yaml runs it."""
    return subprocess.run(
        [sys.executable, "chatbot_site/operations/liveness.py", name], cwd=BASE_DIR, capture_output=True, text=True
    )


@pytest.mark.processes
def test_a_process_that_shows_itself_is_healthy():
    liveness.show("worker")
    assert check("worker").returncode == 0


@pytest.mark.processes
def test_a_process_that_never_started_is_unhealthy_whatever_others_do():
    liveness.show("worker-bulk")
    found = check("worker")
    assert found.returncode == 1
    assert "worker has not started" in found.stdout


@pytest.mark.processes
def test_a_process_that_died_or_hangs_is_unhealthy():
    liveness.show("worker")
    long_ago = time.time() - liveness.MAX_AGE - 5
    os.utime(liveness.folder() / "worker", (long_ago, long_ago))
    found = check("worker")
    assert found.returncode == 1
    assert "65 s ago" in found.stdout or "66 s ago" in found.stdout


def test_a_full_disk_is_not_the_end_of_a_worker(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with patch("pathlib.Path.mkdir", side_effect=OSError):
        liveness.show("worker")
