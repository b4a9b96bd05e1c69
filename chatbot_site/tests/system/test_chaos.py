"""
Webhooks posted three times each and in any order while processes are killed: each is stored and answered once, in
order. `python -m benchmarks.chaos` does it with ten thousand.
"""

import random
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings
from django.db import connection

from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from chatbot_site.celery import app
from chatbot_site.operations import heartbeats
from chatbot_site.tests.system.chaos import ECHO, Poster, Storm, written
from chatbot_site.tests.system.compose import Compose, kill
from chatbot_site.tests.system.installation import NUMBER, make_environment, manage, rows, start
from chatbot_site.tests.system.processes import NEEDS_SERVICES, PATIENCE, wait_until
from whatsapp.simulator.graph import faults
from whatsapp.testing import make_number

CUSTOMERS, EACH, KILLS = 75, 2, 2

SEED = f"""
from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from whatsapp.testing import make_number
make_published_scenario(make_bot(make_number(make_business(), **{NUMBER!r})), {ECHO!r})
"""


@pytest.mark.processes
def test_a_storm_of_webhooks_is_answered_once_each_by_one_process_that_is_killed(meta, tmp_path):
    environment = make_environment(tmp_path, meta)
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    number = SimpleNamespace(waba_id="102290129340398", **NUMBER)
    storm = storm_on(environment["PUBLIC_URL"], meta, number, lambda query: rows(environment, query))
    with open(tmp_path / "log", "wb") as log:
        process = start(environment, log)

        def kill_and_start():
            nonlocal process
            process.kill()
            process.wait()
            process = start(environment, log)

        try:
            storm.blow(KILLS, kill_and_start)
        finally:
            process.kill()
            process.wait()
    assert storm.findings().faults() == {}


class TestOnServices:
    pytestmark = [*NEEDS_SERVICES, pytest.mark.django_db(transaction=True)]

    @pytest.fixture
    def site(self, meta, tmp_path):
        """gunicorn, two workers of messages and beat, on Redis without tasks of earlier tests."""
        app.control.purge()
        redis.Redis.from_url(settings.REDIS_URL).delete("unacked", "unacked_index")
        heartbeats.forget()
        site = Compose(tmp_path, META_GRAPH_URL=meta.url)
        try:
            yield site
        finally:
            site.end()

    def test_a_storm_of_webhooks_is_answered_once_each_by_processes_that_are_killed(self, site, meta):
        number = make_number(make_business())
        make_published_scenario(make_bot(number), ECHO)
        meta.connect(number)
        running = {name: site.start(name.split()[0]) for name in ("web", "worker", "worker 2", "worker-bulk", "beat")}
        wait_until(lambda: site.is_healthy("web"))

        def kill_and_start():
            name = random.choice(["web", "worker", "worker 2"])
            kill(running[name])
            running[name] = site.start(name.split()[0])

        storm = storm_on(site.url, meta, number, query)
        storm.blow(KILLS, kill_and_start)

        assert storm.findings().faults() == {}


def storm_on(url, meta, number, query):
    """Answers of Meta take a moment, so that a kill finds some under way."""
    meta.faults.on_send(faults.slow(0.03), times=None)
    meta.post_webhooks_to(url)
    meta.simulator.courier.MAX_RETRY_DELAY = 0.5
    return Storm(Poster(url, written([number], CUSTOMERS, EACH)), meta.simulator, query)


def query(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
