"""The installation on many machines: gunicorn, Celery workers and two beats as processes, on PostgreSQL and Redis."""

import os
import signal
import subprocess
import sys
import time

import pytest
import requests
from django.conf import settings as project
from django.core.cache import cache
from django.db import connection

from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from chatbot_site.celery import app
from chatbot_site.environment import BASE_DIR
from chatbot_site.health import HEARTBEAT
from crm.models import Message
from whatsapp.testing import make_number

from .processes import PATIENCE, answers, free_port, wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql" or not project.REDIS_URL,
        reason="needs PostgreSQL and Redis: set DATABASE_URL and REDIS_URL",
    ),
]

PHONE = "+79161234567"


@pytest.fixture
def number(meta):
    """A connected number whose bot answers everything."""
    number = make_number(make_business(), waba_id="200000000000001")
    make_published_scenario(
        make_bot(number),
        {
            "format": 1,
            "triggers": [{"kind": "any"}],
            "steps": [{"key": "hello", "kind": "message", "text": "Здравствуйте!"}],
        },
    )
    meta.connect(number)
    return number


@pytest.fixture
def run(meta, tmp_path):
    """Run a program on the test's database, Redis and simulator. All are ended with the test."""
    app.control.purge()
    cache.delete(HEARTBEAT)
    started = []

    def run(*command):
        with open(tmp_path / f"{len(started)}.log", "w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=BASE_DIR,
                env={**os.environ, "DATABASE_URL": database_url(), "META_GRAPH_URL": meta.url},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield run
    for process in started:
        kill(process)
    for log in sorted(tmp_path.glob("*.log")):
        print(log.name, log.read_text()[-4000:])


def kill(process):
    """End a program and its children at once, as a power cut does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def database_url():
    facts = connection.settings_dict
    return f"postgres://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT'] or 5432}/{facts['NAME']}"


def start_worker(run):
    return run("celery", "-A", "chatbot_site", "worker", "--concurrency", "2", "--loglevel", "WARNING")


def start_beat(run, tmp_path, serial):
    return run("celery", "-A", "chatbot_site", "beat", "--schedule", str(tmp_path / f"beat{serial}"))


@pytest.fixture
def site(run, tmp_path, meta):
    """The whole installation; the simulator posts its webhooks to it."""
    port = free_port()
    run("gunicorn", "chatbot_site.wsgi", "--workers", "2", "--bind", f"127.0.0.1:{port}")
    for serial in (1, 2):
        start_beat(run, tmp_path, serial)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(f"{url}/livez"))
    meta.post_webhooks_to(url)
    return url


def replies(meta):
    return meta.texts_to(PHONE)


def test_a_webhook_posted_five_times_is_answered_once(site, run, meta, number):
    start_worker(run)
    wait_until(lambda: answers(f"{site}/readyz"))
    meta.simulator.courier.copies = 5
    meta.customer_writes(number, PHONE, "Добрый день")
    wait_until(lambda: replies(meta))
    wait_until(lambda: Message.objects.filter(direction="out", status="read").exists())
    assert replies(meta) == ["Здравствуйте!"]
    assert Message.objects.filter(direction="in").count() == 1


def test_not_ready_while_no_worker_runs(site):
    assert requests.get(f"{site}/readyz", timeout=5).status_code == 503


def test_killed_workers_neither_lose_nor_repeat(site, run, meta, number):
    worker = start_worker(run)
    wait_until(lambda: answers(f"{site}/readyz"))
    phones = [f"+7916000{serial:04}" for serial in range(60)]
    for serial, phone in enumerate(phones):
        meta.customer_writes(number, phone, "Добрый день")
        if serial % 20 == 10:
            time.sleep(0.5)
            kill(worker)
            worker = start_worker(run)
    settled = Message.objects.filter(direction="out", status__in=["accepted", "sent", "delivered", "read", "unknown"])
    wait_until(lambda: settled.count() == len(phones), patience=2 * PATIENCE)
    assert all(len(meta.texts_to(phone)) <= 1 for phone in phones)
    lost = [phone for phone in phones if not meta.texts_to(phone)]
    assert settled.filter(conversation__customer__phone__in=lost).exclude(status="unknown").count() == 0
