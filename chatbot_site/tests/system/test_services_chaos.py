"""
Webhooks posted three times each and in any order while gunicorn and workers are killed: each is stored and answered
once, in order.
"""

import random

import pytest
import redis
from django.conf import settings
from django.db import connection

from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from chatbot_site.celery import app
from chatbot_site.operations import heartbeats
from chatbot_site.tests.system.chaos import ECHO, storm_on
from chatbot_site.tests.system.compose import Compose, kill
from chatbot_site.tests.system.processes import NEEDS_SERVICES, wait_until
from whatsapp.testing import make_number

pytestmark = [*NEEDS_SERVICES, pytest.mark.django_db(transaction=True)]

KILLS = 3
#: Two workers of messages.
SERVICES = {"web": "web", "one": "worker", "other": "worker", "bulk": "worker-bulk", "beat": "beat"}


@pytest.fixture
def compose(meta, tmp_path):
    """The processes of deploy/compose.yaml, on Redis without tasks of earlier tests."""
    app.control.purge()
    redis.Redis.from_url(settings.REDIS_URL).delete("unacked", "unacked_index")
    heartbeats.forget()
    compose = Compose(tmp_path, META_GRAPH_URL=meta.url)
    yield compose
    compose.end()


def test_a_storm_of_webhooks_is_stored_and_answered_once_each_by_processes_that_are_killed(compose, meta):
    number = make_number(make_business())
    make_published_scenario(make_bot(number), ECHO)
    meta.connect(number)
    running = {name: compose.start(service) for name, service in SERVICES.items()}
    wait_until(lambda: compose.is_healthy("web"))

    def kill_and_start():
        name = random.choice(["web", "one", "other"])
        kill(running[name])
        running[name] = compose.start(SERVICES[name])

    storm = storm_on(compose.url, meta, number, query)
    storm.blow(KILLS, kill_and_start)

    assert storm.findings().faults() == {}


def query(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
