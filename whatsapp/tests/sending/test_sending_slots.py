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
