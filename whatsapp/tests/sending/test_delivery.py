import threading
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.refusals import Refusal
from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.sending import delivery, ledger, tasks
from whatsapp.simulator.graph.faults import error
from whatsapp.testing import answers_together, make_number
from whatsapp.tests.graph.scripted_server import ScriptedServer, answer
from whatsapp.tests.rows import make_broadcast_row, make_conversation, make_row, message_model
from whatsapp.tests.sending.delivering import deliver, delivered, make_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


# What is sent


def test_a_queued_message_is_sent_once_and_accepted(number, meta):
    row = make_row(number, text="Здравствуйте")
    deliver(number)
    deliver(number)
    row.refresh_from_db()
    [body] = meta.sends
    assert (row.status, row.attempts, row.error_title) == ("accepted", 1, "")
    assert row.wamid and row.accepted_at and row.lease_until is None
    assert body["to"] == row.conversation.customer.phone
    assert body["text"] == {"body": "Здравствуйте"}


def test_the_token_of_the_claim_travels_with_the_message(number, meta):
    row = delivered(number)
    assert len(row.token) == 32
    assert meta.sends[0]["biz_opaque_callback_data"] == row.token


def test_a_person_without_a_phone_is_addressed_by_user_id(number, meta):
    conversation = make_conversation(number)
    conversation.customer.phone, conversation.customer.whatsapp_user_id = None, "RU.123"
    conversation.customer.save()
    make_row(number, conversation)
    deliver(number)
    assert meta.sends[0]["recipient"] == "RU.123"
    assert "to" not in meta.sends[0]


@pytest.mark.parametrize("status", ["planned", "sending", "accepted", "sent", "failed", "unknown", "skipped"])
def test_a_message_that_is_not_queued_is_not_sent(number, meta, status):
    make_row(number, status=status)
    deliver(number)
    assert meta.sends == []


def test_a_message_is_not_sent_before_its_time(number, meta):
    make_row(number, due_at=timezone.now() + timedelta(minutes=1))
    deliver(number)
    assert meta.sends == []


def test_the_messages_of_another_number_are_not_sent(number, meta):
    make_row(make_number(number.business))
    deliver(number)
    assert meta.sends == []


def test_every_model_of_the_ledger_is_sent(number, meta):
    row = make_broadcast_row(number, status="planned", broadcast_status="sending")
    template = row.broadcast.template
    template.status, template.components = "APPROVED", [{"type": "BODY", "text": "News"}]
    template.save()
    meta.approve(template)
    deliver(number, type(row))
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_message_that_cannot_be_put_together_fails_and_the_others_go(number, meta):
    broken, whole = make_row(number), make_row(number)
    message_model().objects.filter(pk=broken.pk).update(content=7)
    deliver(number)
    broken.refresh_from_db()
    whole.refresh_from_db()
    assert (broken.status, whole.status) == ("failed", "accepted")
    assert broken.error_title


# Who may send

BLOCKERS = {
    "inactive": lambda number: WhatsAppNumber.objects.update(is_active=False),
    "paused": lambda number: WhatsAppNumber.objects.update(paused_until=timezone.now() + timedelta(minutes=1)),
    "suspended": lambda number: type(number.business).objects.update(is_suspended=True),
    "plan ended": lambda number: type(number.business.subscription).objects.update(ends_at=timezone.now()),
}


@pytest.mark.parametrize("blocker", BLOCKERS)
def test_nothing_is_sent_through_a_number_that_may_not_send(number, meta, blocker):
    row = make_row(number)
    BLOCKERS[blocker](number)
    deliver(number)
    row.refresh_from_db()
    assert meta.sends == []
    assert (row.status, row.attempts) == ("queued", 0)
    assert delivery.numbers_with_due_rows(message_model()) == []


def test_it_is_sent_when_the_number_may_send_again(number, meta):
    row = make_row(number)
    WhatsAppNumber.objects.update(is_active=False)
    deliver(number)
    WhatsAppNumber.objects.update(is_active=True)
    tasks.deliver_due()
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_token_that_cannot_be_read_is_not_sent_and_stops_no_other_number(number, meta, settings):
    row = make_row(number)
    settings.FIELD_KEYS = ["TW5FT3bXCdY4eNpTFTNlq2HXuXqCuPpbZ1Kc7IUfeok="]
    other = make_number(number.business)
    meta.connect(other)
    sent = make_row(other)
    tasks.deliver_due()
    row.refresh_from_db()
    sent.refresh_from_db()
    assert (row.status, sent.status) == ("queued", "accepted")


# In order


def test_messages_of_one_conversation_arrive_in_order(number, meta):
    conversation = make_conversation(number)
    for place in range(5):
        make_row(number, conversation, text=str(place))
    deliver(number)
    assert meta.texts_to(conversation.customer.phone) == ["0", "1", "2", "3", "4"]


def test_a_message_waits_for_an_earlier_one_that_is_tried_again(number, meta):
    conversation = make_conversation(number)
    earlier, later = make_row(number, conversation), make_row(number, conversation)
    elsewhere = make_row(number)
    meta.faults.on_send(error(131000), to=conversation.customer.phone)
    deliver(number)
    for row in (earlier, later, elsewhere):
        row.refresh_from_db()
    assert [earlier.status, later.status, elsewhere.status] == ["queued", "queued", "accepted"]
    make_due(earlier)
    deliver(number)
    later.refresh_from_db()
    assert later.status == "accepted"


@pytest.mark.django_db(transaction=True)
def test_workers_that_come_at_once_send_every_message_once_and_in_order(number, meta):
    conversations = [make_conversation(number) for _ in range(4)]
    for text in ("one", "two", "three"):
        for conversation in conversations:
            make_row(number, conversation, text=text)
    begin = threading.Barrier(4)

    def work():
        begin.wait()
        while delivery.numbers_with_due_rows(message_model()) or message_model().objects.filter(status="sending"):
            deliver(number)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    with patch("whatsapp.sending.delivery.MAX_CLAIMERS", 4):
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for conversation in conversations:
        assert meta.texts_to(conversation.customer.phone) == ["one", "two", "three"]


@pytest.mark.django_db(transaction=True)
def test_the_claim_is_committed_before_the_call(settings):
    number = make_number(make_business())
    row = make_row(number)
    seen = []

    def look(accepting):
        seen.extend(message_model().objects.values_list("status", "token"))
        connection.close()
        accepting.sendall(answer(200, {"messages": [{"id": "wamid.A"}]}))

    with ScriptedServer(look) as server:
        settings.META_GRAPH_URL = server.url
        deliver(number)
    row.refresh_from_db()
    assert seen == [("sending", row.token)]
    assert row.status == "accepted"


# What a person decides


def test_a_person_counts_a_lost_message_as_sent(number):
    row = make_row(number, status="unknown", error_title="Lost")
    ledger.count_as_sent(row)
    assert (row.status, row.error_title) == ("sent", "")
    assert row.sent_at


def test_a_person_sends_a_lost_message_again(number, meta):
    row = make_row(number, status="unknown", token="t" * 32, attempts=3, error_title="Lost")
    ledger.send_again(row)
    tasks.deliver_due()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("accepted", 1)
    assert len(meta.sends) == 1


@pytest.mark.parametrize("decide", [ledger.count_as_sent, ledger.send_again])
def test_a_decision_comes_too_late_when_the_fate_is_known(number, decide):
    row = make_row(number, status="unknown")
    message_model().objects.update(status="delivered")
    with pytest.raises(Refusal) as caught:
        decide(row)
    assert caught.value.code == "not_unknown"
    assert message_model().objects.get().status == "delivered"


# How much it costs, and how long it may last


def test_the_number_of_statements_does_not_grow_with_the_messages(number, meta):
    counts = []
    for size in (1, 8):
        for _ in range(size):
            make_row(number)
        with CaptureQueriesContext(connection) as queries, answers_together():
            deliver(number)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_left_after_some_seconds_is_said_to_be_left(number, meta):
    make_row(number)
    assert delivery.deliver(message_model(), number.pk, seconds=0) is True
    assert delivery.deliver(message_model(), number.pk) is False


def test_two_threads_claim_for_one_number_at_most(number):
    model = message_model()
    with delivery._one_of_few(model, 1) as first, delivery._one_of_few(model, 1) as second:
        assert (first, second) == (True, True)
        with delivery._one_of_few(model, 1) as third, delivery._one_of_few(model, 2) as elsewhere:
            assert (third, elsewhere) == (False, True)
    with delivery._one_of_few(model, 1) as again:
        assert again


def test_numbers_that_wait_for_a_worker_have_equal_chances():
    business = make_business()
    waiting = {make_row(make_number(business)).whatsapp_number_id for _ in range(3)}
    with patch.object(tasks.deliver, "apply_async") as given:
        for _ in range(100):
            tasks.deliver_due()
    order = [call.args[0][1] for call in given.call_args_list]
    assert {order[place] for place in range(0, len(order), len(waiting))} == waiting


def test_a_turn_that_no_worker_has_taken_does_not_stay_in_the_queue(number, meta):
    make_row(number)
    with (
        patch("whatsapp.sending.delivery.deliver", return_value=True),
        patch.object(tasks.deliver, "apply_async") as given,
    ):
        tasks.deliver(message_model()._meta.label, number.pk)
    assert given.call_args.kwargs == {"expires": tasks.QUEUE_TIMEOUT}


def test_the_task_goes_on_until_nothing_is_left(number, meta):
    with (
        patch("whatsapp.sending.delivery.MICRO_BATCH", 2),
        patch("whatsapp.sending.rate_limiter.take", lambda number, wanted, is_bulk=False: wanted),
    ):
        rows = [make_row(number) for _ in range(5)]
        tasks.deliver(message_model()._meta.label, number.pk)
    assert len(meta.sends) == len(rows)
