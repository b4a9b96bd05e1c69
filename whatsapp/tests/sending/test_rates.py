import subprocess
import sys
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings as django_settings

from whatsapp.sending import rate_limiter

REDIS_URL = django_settings.REDIS_URL


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have passed, to be set."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(rate_limiter.time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture(autouse=True)
def _alone(settings):
    settings.REDIS_URL = ""


def number(rate, pk=1):
    return SimpleNamespace(pk=pk, messages_per_second=rate)


def test_a_quarter_of_a_second_may_be_sent_at_once(clock):
    assert rate_limiter.take(number(80), 100) == 20
    assert rate_limiter.take(number(80), 100) == 0


def test_over_a_second_the_rate_is_kept(clock):
    rate_limiter.take(number(80), 100)
    taken = 0
    for _ in range(100):
        clock.now += 0.01
        taken += rate_limiter.take(number(80), 100)
    assert 79 <= taken <= 80


def test_a_slow_number_sends_one_at_a_time(clock):
    assert rate_limiter.take(number(1), 10) == 1
    clock.now += 0.5
    assert rate_limiter.take(number(1), 10) == 0
    clock.now += 0.5
    assert rate_limiter.take(number(1), 10) == 1


def test_bulk_sending_leaves_a_part_of_the_rate_to_replies(clock):
    assert rate_limiter.take(number(80), 100, is_bulk=True) == 16
    assert rate_limiter.take(number(80), 100, is_bulk=True) == 0
    assert rate_limiter.take(number(80), 100) == 4


def test_a_slow_number_sends_in_bulk_too(clock):
    assert rate_limiter.take(number(1), 10, is_bulk=True) == 1


def test_numbers_have_rates_of_their_own(clock):
    rate_limiter.take(number(80), 100)
    assert rate_limiter.take(number(80, pk=2), 100) == 20


def test_what_was_not_sent_is_given_back(clock):
    rate_limiter.take(number(80), 20)
    rate_limiter.give_back(number(80), 15)
    assert rate_limiter.take(number(80), 100) == 15


def test_no_more_is_given_back_than_there_was(clock):
    rate_limiter.give_back(number(80), 500)
    assert rate_limiter.take(number(80), 500) == 20


def test_no_time_saves_up_more_than_a_bucket(clock):
    rate_limiter.take(number(80), 100)
    clock.now += 3600
    assert rate_limiter.take(number(80), 500) == 20


@pytest.fixture
def redis_server(settings):
    """A Redis without a bucket for the number `test`."""
    settings.REDIS_URL = REDIS_URL
    server = redis.Redis.from_url(REDIS_URL)
    server.delete("whatsapp:rate:test")
    rate_limiter._redis_bucket.cache_clear()
    return server


def fill(redis_server, tokens):
    """Let the bucket hold so many tokens, and gain none until it is used."""
    in_an_hour = redis_server.time()[0] + 3600
    redis_server.hset("whatsapp:rate:test", mapping={"tokens": tokens, "at": in_an_hour})


@pytest.mark.services
def test_workers_share_a_rate_through_redis(redis_server):
    slow, shared = number(1, pk="test"), number(80, pk="test")
    assert rate_limiter.take(slow, 1) == 1
    rate_limiter._redis_bucket.cache_clear()
    assert rate_limiter.take(slow, 1) == 0
    fill(redis_server, 0)
    rate_limiter.give_back(shared, 3)
    assert rate_limiter.take(shared, 3) == 3
    fill(redis_server, 4)
    assert rate_limiter.take(shared, 3, is_bulk=True) == 0


@pytest.mark.services
def test_a_clock_of_redis_that_is_set_back_stops_nobody(redis_server):
    fill(redis_server, 20)
    assert rate_limiter.take(number(80, pk="test"), 15) == 15


#: Takes what it gets for two seconds, and prints how much that was and between which times.
GREEDY = """
import time, types
import django
django.setup()
from whatsapp.sending import rate_limiter
number = types.SimpleNamespace(pk="test", messages_per_second=200)
rate_limiter.take(number, 0)
began, taken = time.time(), 0
while time.time() < began + 2:
    taken += rate_limiter.take(number, 5)
print(taken, began, time.time())
"""


@pytest.mark.services
def test_two_processes_together_keep_the_rate():
    processes = [subprocess.Popen([sys.executable, "-c", GREEDY], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    reports = [[float(number) for number in process.communicate()[0].split()] for process in processes]
    taken, began, ended = zip(*reports, strict=True)
    assert sum(taken) <= 200 * (max(ended) - min(began)) + 50
    assert sum(taken) > 200
