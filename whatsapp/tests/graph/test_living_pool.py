"""Many calls at once, on a loop that lives on."""

import asyncio
import time
from contextlib import closing

import pytest

from whatsapp.graph.errors import AnswerLost
from whatsapp.graph.living_pool import LivingPool
from whatsapp.graph.requests import Request


@pytest.fixture
def calls(monkeypatch):
    """Calls that last as many seconds as their address says; what was begun is noted."""
    begun = []

    async def call(self, request):
        begun.append(request.url)
        await asyncio.sleep(float(request.url))
        return {"url": request.url}

    monkeypatch.setattr("whatsapp.graph.pool.Connections.call", call)
    return begun


def lasting(*seconds):
    return [(serial, Request("POST", str(duration), {})) for serial, duration in enumerate(seconds)]


def test_what_ends_together_is_handed_over_together_and_the_slow_one_later(calls):
    with closing(LivingPool()) as pool:
        pool.start_all(lasting(*[0] * 49, 0.5))
        first = []
        while len(first) < 49:
            first += pool.answers(5)
        assert sorted(key for key, _answer in first) == list(range(49))
        assert len(pool) == 1
        assert pool.answers(5) == [(49, {"url": "0.5"})]
        assert len(pool) == 0


def test_calls_go_on_while_nobody_waits_for_them(calls):
    with closing(LivingPool()) as pool:
        pool.start_all(lasting(0.05))
        time.sleep(0.3)
        assert pool.answers(0) == [(0, {"url": "0.05"})]


def test_two_of_them_share_the_loop_and_nothing_else(calls):
    with closing(LivingPool()) as first, closing(LivingPool()) as second:
        first.start_all(lasting(0.01))
        second.start_all(lasting(0.02, 0.02))
        found = []
        while len(found) < 2:
            found += second.answers(5)
        assert sorted(key for key, _answer in found) == [0, 1]
        assert first.answers(5) == [(0, {"url": "0.01"})]


def test_the_answer_to_a_call_that_is_given_up_is_lost(calls):
    pool = LivingPool()
    pool.start_all(lasting(30))
    while not calls:
        time.sleep(0.001)
    pool.close()
    [(key, answer)] = pool.answers(5)
    assert key == 0
    assert isinstance(answer, AnswerLost)
