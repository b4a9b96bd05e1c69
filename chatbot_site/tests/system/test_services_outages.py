"""PostgreSQL cuts connections and Redis goes away while customers write to real processes: each is answered once."""

import time

import pytest
import requests
from django.db import connection

from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from chatbot_site.tests.system.compose import Compose, kill
from chatbot_site.tests.system.processes import NEEDS_SERVICES, PATIENCE, wait_until
from crm.models import Message
from whatsapp.models import WebhookEvent
from whatsapp.testing import make_number

pytestmark = [*NEEDS_SERVICES, pytest.mark.django_db(transaction=True)]

PHONES = [f"+7916000{serial:04}" for serial in range(20)]


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


class Site(Compose):
    """The services of compose.yaml with a Redis of their own, which may be stopped."""

    def __init__(self, folder, **environment):
        super().__init__(folder, **environment)
        self.environment["REDIS_URL"] = f"redis://127.0.0.1:{self.redis_port}/0"
        self.start_redis()

    def start_redis(self):
        self.redis = self.start("redis", self.folder)
        wait_until(lambda: self.is_healthy("redis"))

    def stop_redis(self):
        kill(self.redis)

    def readiness(self):
        return requests.get(f"{self.url}/readyz", timeout=5)

    def is_ready(self):
        return self.readiness().status_code == 200


@pytest.fixture
def site(meta, number, tmp_path):
    """A whole installation, ready."""
    site = Site(tmp_path, META_GRAPH_URL=meta.url)
    try:
        for service in ("web", "worker", "worker-calls", "worker-bulk", "beat"):
            site.start(service)
        wait_until(lambda: site.is_healthy("web"))
        wait_until(site.is_ready, 2 * PATIENCE)
        meta.post_webhooks_to(site.url)
        yield site
    finally:
        site.end()


def cut_connections():
    """As a restart of the server, a failover or a firewall does: to all but the tests' own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def everybody_is_answered(meta):
    return all(meta.texts_to(phone) for phone in PHONES)


def test_customers_are_answered_once_while_connections_are_cut(site, meta, number):
    for serial, phone in enumerate(PHONES):
        meta.customer_writes(number, phone, "Добрый день")
        time.sleep(0.1)
        if serial % 4 == 0:
            cut_connections()
    wait_until(lambda: everybody_is_answered(meta), 2 * PATIENCE)
    assert [meta.texts_to(phone) for phone in PHONES] == [["Здравствуйте!"]] * len(PHONES)
    assert Message.objects.filter(direction="in").count() == len(PHONES)
    wait_until(site.is_ready)


def test_customers_are_answered_once_when_redis_is_back(site, meta, number):
    site.stop_redis()
    for phone in PHONES:
        meta.customer_writes(number, phone, "Добрый день")
    wait_until(lambda: WebhookEvent.objects.filter(field="messages").exists())
    answer = site.readiness()
    assert answer.status_code == 503
    assert answer.json()["redis"] == "unreachable"
    assert answer.json()["database"] == "ok"
    site.start_redis()
    wait_until(lambda: everybody_is_answered(meta), 2 * PATIENCE)
    assert [meta.texts_to(phone) for phone in PHONES] == [["Здравствуйте!"]] * len(PHONES)
    wait_until(site.is_ready)


def test_a_worker_that_is_killed_is_unhealthy_while_the_others_are_not(site):
    assert site.is_healthy("worker")
    assert site.is_healthy("worker-bulk")
    assert site.is_healthy("beat")
    kill(next(process for process in site.started if "inbound,outbound" in " ".join(process.args)))
    wait_until(lambda: not site.is_healthy("worker"), 2 * PATIENCE)
    assert site.is_healthy("worker-bulk")
    wait_until(lambda: not site.is_ready())
    queues = site.readiness().json()["queues"]
    assert not queues["inbound"]["ok"]
    assert queues["bulk"]["ok"]
