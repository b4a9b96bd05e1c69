from whatsapp.sending.concurrency import KEPT_FOR_REPLIES, SLOTS, Slots


def test_no_more_slots_are_held_than_there_are():
    slots = Slots(5)
    assert (slots.take(3), slots.take(10), slots.take(1)) == (3, 2, 0)


def test_slots_that_are_given_back_are_free_again():
    slots = Slots(5)
    slots.take(5)
    slots.give_back(2)
    assert slots.take(10) == 2


def test_bulk_sending_leaves_slots_to_replies():
    slots = Slots(5)
    assert slots.take(10, leaving=2) == 3
    assert slots.take(10, leaving=2) == 0
    assert slots.take(10) == 2


def test_a_process_has_at_most_a_hundred_calls_under_way():
    assert KEPT_FOR_REPLIES < SLOTS <= 100
