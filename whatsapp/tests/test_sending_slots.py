import threading

from whatsapp.sending_slots import SLOTS, Slots


def test_no_more_slots_are_held_than_there_are():
    slots = Slots(5)
    with slots.some(3) as first, slots.some(10) as second:
        assert (first, second) == (3, 2)
    with slots.some(10) as all_again:
        assert all_again == 5


def test_with_no_slot_free_one_is_waited_for():
    slots, order = Slots(1), []

    def wait():
        with slots.some(1):
            order.append("second")

    with slots.some(1):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_slot_is_free_again_after_a_failure():
    slots = Slots(1)
    try:
        with slots.some(1):
            raise KeyError
    except KeyError:
        pass
    with slots.some(1) as held:
        assert held == 1


def test_a_process_has_fewer_than_a_hundred_calls_under_way():
    assert SLOTS <= 100
