from datetime import UTC, datetime, timedelta

import pytest

from whatsapp.graph.errors import AnswerLost, CloudApiError, Unreachable
from whatsapp.sending.outcomes import after_trouble

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("trouble", "attempts", "status", "wait"),
    [
        (Unreachable(), 1, "queued", 5),
        (Unreachable(), 2, "queued", 20),
        (Unreachable(), 1000, "queued", 300),
        (AnswerLost(), 1, "unknown", None),
        (CloudApiError(131016, http_status=503), 1000, "queued", 300),
        (CloudApiError(131000, http_status=500), 2, "queued", 20),
        (CloudApiError(131000, http_status=500), 3, "failed", None),
        (CloudApiError(131056), 1, "queued", 4),
        (CloudApiError(131056), 3, "queued", 64),
        (CloudApiError(131056), 6, "failed", None),
        (CloudApiError(130429), 1000, "queued", 300),
        (CloudApiError(131048), 1, "queued", 0),
        (CloudApiError(131042), 1, "queued", 0),
        (CloudApiError(190, http_status=401), 1, "queued", 0),
        (CloudApiError(100, subcode=33), 1, "queued", 0),
        (CloudApiError(131026), 1, "failed", None),
        (CloudApiError(131050), 1, "failed", None),
        (CloudApiError(132001, http_status=404), 1, "failed", None),
        (CloudApiError(None, http_status=502), 1, "queued", 5),
    ],
    ids=repr,
)
def test_what_becomes_of_a_message(trouble, attempts, status, wait):
    outcome = after_trouble(trouble, attempts, NOON)
    assert outcome.status == status
    assert outcome.due_at == (None if wait is None else NOON + timedelta(seconds=wait))
    assert 0 < len(outcome.error_title) <= 500


def test_a_refusal_keeps_metas_code():
    assert after_trouble(CloudApiError(131026), 1, NOON).error_code == 131026


def test_metas_longest_words_fit():
    assert len(after_trouble(CloudApiError(100, details="x" * 5000), 1, NOON).error_title) == 500
