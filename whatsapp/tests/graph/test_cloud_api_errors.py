import pytest
from django.utils import translation

from whatsapp.graph.error_codes import ERROR_CLASSES, UNAVAILABLE, UNCLEAR, Action, classify, explain


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (0, Action.AUTHORIZE),
        (190, Action.AUTHORIZE),
        (3, Action.AUTHORIZE),
        (10, Action.AUTHORIZE),
        (200, Action.AUTHORIZE),
        (299, Action.AUTHORIZE),
        (33, Action.AUTHORIZE),
        (133010, Action.AUTHORIZE),
        (1, Action.RETRY),
        (2, Action.RETRY),
        (131000, Action.RETRY),
        (131016, Action.RETRY),
        (131056, Action.RETRY),
        (4, Action.SLOW),
        (80007, Action.SLOW),
        (130429, Action.SLOW),
        (131048, Action.PAUSE_NUMBER),
        (131057, Action.PAUSE_NUMBER),
        (131037, Action.PAUSE_NUMBER),
        (368, Action.PAUSE_WABA),
        (131031, Action.PAUSE_WABA),
        (131042, Action.PAUSE_WABA),
        (132001, Action.STOP_TEMPLATE),
        (132015, Action.STOP_TEMPLATE),
        (131063, Action.STOP_TEMPLATE),
        (131050, Action.SUPPRESS),
        (100, Action.FAIL),
        (131026, Action.FAIL),
        (131047, Action.FAIL),
        (131049, Action.FAIL),
        (132000, Action.FAIL),
    ],
)
def test_a_code_has_its_action(code, action):
    assert classify(code).action is action


@pytest.mark.parametrize(
    ("code", "http_status", "action"),
    [
        (999999, 400, Action.FAIL),
        (999999, 500, Action.RETRY),
        (999999, 429, Action.SLOW),
        (None, 403, Action.RETRY),
        (None, 429, Action.SLOW),
    ],
)
def test_a_code_that_is_new_is_classified_by_the_http_status(code, http_status, action):
    assert classify(code, http_status).action is action


def test_what_fails_without_a_reason_is_tried_three_times_at_growing_distances():
    assert [UNCLEAR.retry_after(attempts) for attempts in (1, 2, 3)] == [5, 20, None]


def test_an_outage_of_meta_is_waited_out_with_at_most_five_minutes_between_tries():
    assert UNAVAILABLE.retry_after(50) == 300


def test_what_a_person_must_mend_is_not_tried_again():
    assert classify(131047).retry_after(1) is None


def test_every_code_has_a_sentence_with_the_code():
    with translation.override("en"):
        sentences = {code: explain(code, "Title") for code in ERROR_CLASSES}
    assert [code for code, text in sentences.items() if not text.endswith(f"(Meta: {code}, Title)")] == []
    assert [code for code, text in sentences.items() if len(text) > 500] == []
