import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone, translation

from accounts.testing import make_business
from whatsapp.sending import ledger, tasks
from whatsapp.sending.outcomes import Outcome, accepted
from whatsapp.testing import make_number
from whatsapp.tests.rows import make_broadcast_row, make_conversation, make_row, message_model, plan

pytestmark = pytest.mark.django_db

SENT = Outcome("accepted", wamid="wamid.A")


@pytest.fixture
def number():
    return make_number(make_business())


def claim(number, limit=10):
    return ledger.claim(message_model(), number.pk, limit)


def statuses():
    return list(message_model().objects.order_by("pk").values_list("status", flat=True))


def let_leases_end():
    message_model().objects.update(lease_until=timezone.now())


# Claiming


def test_claimed_rows_are_sending_with_a_token_and_a_lease(number):
    make_row(number), make_row(number)
    claimed = claim(number)
    rows = list(message_model().objects.order_by("pk"))
    assert [(row.status, row.attempts) for row in rows] == [("sending", 1)] * 2
    assert len({row.token for row in rows}) == 2
    assert [row.token for row in claimed] == [row.token for row in rows]
    assert all(row.lease_until <= timezone.now() + timedelta(seconds=60) for row in rows)


def test_no_more_than_asked_for_are_claimed_and_the_oldest_first(number):
    rows = [make_row(number) for _ in range(3)]
    assert claim(number, 2) == rows[:2]


def test_claimed_rows_are_nobody_elses(number):
    make_row(number)
    claim(number)
    assert claim(number) == []


def test_a_row_that_is_claimed_again_has_a_new_token(number):
    make_row(number)
    [row] = claim(number)
    ledger.settle([(row, Outcome("queued"))], message_model())
    [again] = claim(number)
    assert again.token != row.token
    assert again.attempts == 2


def test_of_a_conversation_one_row_is_claimed(number):
    conversation = make_conversation(number)
    first, other = make_row(number, conversation), make_row(number, conversation)
    assert claim(number) == [first]
    ledger.settle([(claimed, SENT) for claimed in message_model().objects.filter(pk=first.pk)], message_model())
    assert claim(number) == [other]


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_claim_at_once_each_has_rows_of_its_own(number):
    rows = [make_row(number) for _ in range(40)]
    claimed, begin = [], threading.Barrier(4)

    def work():
        begin.wait()
        while mine := claim(number, 3):
            claimed.extend(mine)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(row.pk for row in claimed) == [row.pk for row in rows]


def test_others_are_claimed_behind_a_conversation_that_waits(number, monkeypatch):
    monkeypatch.setattr(ledger, "LOOK_AHEAD", 2)
    conversation = make_conversation(number)
    first = make_row(number, conversation)
    for _ in range(20):
        make_row(number, conversation)
    other = make_row(number)
    message_model().objects.filter(pk=first.pk).update(due_at=timezone.now() + timedelta(hours=1))
    assert claim(number) == [other]


def test_nothing_is_claimed_while_all_wait_for_one(number, monkeypatch):
    monkeypatch.setattr(ledger, "LOOK_AHEAD", 2)
    conversation = make_conversation(number)
    [claimed] = [make_row(number, conversation) for _ in range(20)][:1]
    assert claim(number) == [claimed]
    assert claim(number) == []


def test_claiming_and_sweeping_use_the_index_of_open_rows(number):
    assert plan(ledger.due(message_model().waiting(number.pk))).count("message_open") == 2
    assert "message_open" in plan(ledger._due_heads(message_model(), 10, 500).build(number.pk, timezone.now()))
    assert "message_open" in plan(ledger.expired(message_model(), "ru", timezone.now()))


# Settling


def test_an_outcome_is_written_down_and_the_lease_ends(number):
    make_row(number)
    [row] = claim(number)
    now = timezone.now()
    ledger.settle([(row, accepted("wamid.A", now))], message_model())
    row.refresh_from_db()
    assert (row.status, row.wamid, row.accepted_at, row.lease_until) == ("accepted", "wamid.A", now, None)


def test_a_status_webhook_that_was_faster_is_not_overwritten(number):
    make_row(number)
    [row] = claim(number)
    message_model().objects.update(status="delivered", wamid="wamid.A")
    ledger.settle([(row, SENT)], message_model())
    assert statuses() == ["delivered"]


def test_an_answer_that_comes_after_the_lease_still_counts(number):
    make_row(number)
    [row] = claim(number)
    let_leases_end()
    ledger.settle_expired()
    ledger.settle([(row, SENT)], message_model())
    row.refresh_from_db()
    assert (row.status, row.wamid) == ("accepted", "wamid.A")


def test_an_answer_to_an_earlier_claim_changes_nothing(number):
    make_row(number)
    [first] = claim(number)
    message_model().objects.update(status="queued")
    claim(number)
    ledger.settle([(first, Outcome("failed"))], message_model())
    assert statuses() == ["sending"]


@pytest.mark.django_db(transaction=True)
def test_one_id_for_two_messages_is_kept_by_the_first(number):
    make_row(number), make_row(number)
    ledger.settle([(row, SENT) for row in claim(number)], message_model())
    assert statuses() == ["accepted", "accepted"]
    assert list(message_model().objects.order_by("pk").values_list("wamid", flat=True)) == ["wamid.A", None]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_for_a_moment_gets_the_outcome_afterwards(number):
    make_row(number)
    [row] = claim(number)
    write, troubles = ledger._write, [OperationalError, OperationalError]

    def stumble(*outcome):
        if troubles:
            raise troubles.pop()
        write(*outcome)

    with patch("whatsapp.sending.ledger._write", stumble):
        ledger.settle([(row, SENT)], message_model())
    assert statuses() == ["accepted"]


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_was_cut_off_while_it_was_committed_is_taken_back(number):
    make_row(number)
    claimed = ledger._claim

    def claim_and_lose(*claim):
        claimed(*claim)
        raise OperationalError("the connection is closed")

    with patch("whatsapp.sending.ledger._claim", claim_and_lose), pytest.raises(OperationalError):
        claim(number)
    row = message_model().objects.get()
    assert (row.status, row.attempts, row.lease_until) == ("queued", 0, None)


# Sends that nobody settled


def test_a_send_whose_lease_ran_out_is_unknown_and_not_sent_again(number):
    make_row(number)
    claim(number)
    let_leases_end()
    assert tasks.settle_expired_sends() == 1
    assert claim(number) == []
    row = message_model().objects.get()
    assert (row.status, row.lease_until) == ("unknown", None)


@pytest.mark.django_db(transaction=True)
def test_a_send_that_is_settled_at_this_moment_is_not_given_up(number):
    make_row(number)
    [row] = claim(number)
    let_leases_end()

    def sweep():
        ledger.settle_expired()
        connection.close()

    with ThreadPoolExecutor(1) as other_worker:
        with transaction.atomic():
            ledger.settle([(row, SENT)], message_model())
            sweeping = other_worker.submit(sweep)
            time.sleep(0.3)
        sweeping.result()
    assert statuses() == ["accepted"]


def test_its_sentence_is_in_the_language_of_the_business(number):
    number.business.language = "en"
    number.business.save()
    make_row(number)
    claim(number)
    let_leases_end()
    with translation.override("ru"):
        ledger.settle_expired()
    assert message_model().objects.get().error_title == "Meta's answer was lost, so the message may have been sent."


def test_a_send_under_way_is_left_alone(number):
    make_row(number)
    claim(number)
    assert ledger.settle_expired() == 0
    assert statuses() == ["sending"]


def test_a_process_that_starts_alone_settles_all_sends_under_way(number):
    make_row(number)
    claim(number)
    assert ledger.settle_abandoned() == 1
    assert statuses() == ["unknown"]


def test_the_rows_of_every_model_are_settled(number):
    row = make_broadcast_row(number, status="sending", lease_until=timezone.now())
    assert ledger.settle_expired() == 1
    row.refresh_from_db()
    assert row.status == "unknown"
