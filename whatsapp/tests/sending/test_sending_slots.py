import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from whatsapp.sending.delivery import MAX_CALLS, RESERVED_FOR_REPLIES, Slots


def test_no_more_slots_are_held_than_there_are():
    slots = Slots(5)
    assert (slots.acquire(3), slots.acquire(10), slots.acquire(1)) == (3, 2, 0)


def test_slots_that_are_given_back_are_free_again():
    slots = Slots(5)
    slots.acquire(5)
    slots.release(2)
    assert slots.acquire(10) == 2


def test_bulk_sending_leaves_slots_to_replies():
    slots = Slots(5)
    assert slots.acquire(10, leaving=2) == 3
    assert slots.acquire(10, leaving=2) == 0
    assert slots.acquire(10) == 2


def test_a_process_has_at_most_a_hundred_calls_under_way():
    assert RESERVED_FOR_REPLIES < MAX_CALLS <= 100


# Several at once


def waiting(pool, slots, at_least, timeout=20):
    """A thread that waits for slots, when it does."""
    before = len(slots._waiting)
    held = pool.submit(slots.acquire_several, 4, 1, at_least, timeout)
    while len(slots._waiting) == before:
        time.sleep(0.001)
    return held


def test_who_needs_several_slots_waits_until_so_many_are_free():
    slots = Slots(5)
    slots.acquire(5)
    with ThreadPoolExecutor() as pool:
        held = waiting(pool, slots, at_least=3)
        slots.release(3)
        assert not held.done()
        slots.release(1)
        assert held.result() == 3


def test_who_came_first_has_slots_first():
    slots = Slots(5)
    slots.acquire(5)
    with ThreadPoolExecutor() as pool:
        first, second = waiting(pool, slots, at_least=4), waiting(pool, slots, at_least=2)
        slots.release(3)
        assert slots.acquire_several(4, 1, at_least=2) == 0
        slots.release(2)
        assert first.result() == 4
        slots.release(4)
        assert second.result() == 4


def test_after_a_time_of_waiting_fewer_slots_will_do():
    slots = Slots(5)
    slots.acquire(3)
    assert slots.acquire_several(4, 1, at_least=3) == 0
    assert slots.acquire_several(4, 1, at_least=3, timeout=0.01) == 1
    assert not slots._waiting


def test_no_more_slots_are_waited_for_than_there_are():
    assert Slots(3).acquire_several(4, 1, at_least=4, timeout=20) == 2


def test_who_stops_waiting_keeps_nobody_from_the_slots(monkeypatch):
    slots = Slots(5)

    def interrupt(self, timeout):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("threading.Event.wait", interrupt)
        slots.acquire_several(4, 1, at_least=3)
    assert slots.acquire_several(4, 1, at_least=3) == 4
