"""How planned recipients are sent to, at the simulated Meta over real HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from broadcasts import dispatch, lifecycle
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.testing import make_broadcast, make_broadcast_message
from broadcasts.tests.sending import calls_at_once, claims, deliver, statuses
from crm.customers.customers import opt_out
from crm.testing import make_customer
from whatsapp.graph.errors import CloudApiError
from whatsapp.models import WhatsAppNumber
from whatsapp.sending import delivery, tasks
from whatsapp.sending.lanes import BulkLane
from whatsapp.simulator.graph.faults import closed_after_accepting, error, failing_later
from whatsapp.testing import answers_together, make_number, make_template

pytestmark = pytest.mark.django_db

#: Longer than a claim takes (seconds).
PATIENCE = 20


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


def state(broadcast):
    broadcast.refresh_from_db()
    return broadcast.status


def refuse(meta, code, times=1):
    meta.faults.on_send(error(code), times=times)


# What is sent


def test_everybody_gets_the_template_with_the_values_of_their_plan(number, meta, make_sending):
    broadcast = make_sending(number, 0, template=make_template(number, "{{1}}, your order is ready."))
    anna = make_customer(number.business)
    make_broadcast_message(broadcast, anna, parameters={"1": "Anna"})
    deliver(number)
    [body] = meta.sent_to(anna.phone)
    assert body["template"]["components"] == [{"type": "body", "parameters": [{"type": "text", "text": "Anna"}]}]
    assert statuses(broadcast) == ["accepted"]


@pytest.mark.parametrize("status", ["draft", "planning", "planned", "scheduled", "paused", "done", "cancelled"])
def test_nothing_is_sent_of_a_broadcast_that_is_not_sending(number, meta, status):
    make_broadcast_message(make_broadcast(number, status=status), make_customer(number.business))
    deliver(number)
    assert meta.sends == []
    assert delivery.numbers_with_due_rows(BroadcastMessage) == []


def test_the_tick_finds_a_broadcast_whose_task_was_lost(number, meta, make_sending):
    make_sending(number, people=3)
    broadcast = make_sending(number, people=3)
    broadcast.messages.filter(pk__lte=number.pk).delete()
    tasks.deliver_due()
    assert "planned" not in statuses(broadcast)


def test_who_opts_out_after_the_plan_is_skipped_and_the_others_get_it(number, meta, make_sending):
    broadcast = make_sending(number)
    opt_out(broadcast.messages.order_by("pk").first().customer)
    deliver(number)
    assert statuses(broadcast) == ["skipped", "accepted", "accepted"]
    assert broadcast.messages.get(status="skipped").skip_reason == "opted_out"


def test_a_whole_micro_batch_that_opted_out_does_not_end_the_sending(number, meta, make_sending):
    broadcast = make_sending(number, people=5)
    for message in broadcast.messages.order_by("pk")[:4]:
        opt_out(message.customer)
    with calls_at_once(2):
        deliver(number)
    assert statuses(broadcast) == ["skipped"] * 4 + ["accepted"]


def test_a_pause_acts_before_the_next_micro_batch(number, owner, meta, make_sending):
    broadcast = make_sending(number, people=6)
    begin = delivery.Delivery._begin

    def pause_after_beginning(self, rows):
        begun = begin(self, rows)
        lifecycle.pause(broadcast, owner)
        return begun

    with calls_at_once(2), patch.object(delivery.Delivery, "_begin", pause_after_beginning):
        deliver(number)
    assert statuses(broadcast) == ["accepted"] * 2 + ["planned"] * 4


def test_a_broadcast_whose_rest_must_wait_does_not_hold_the_next_one(number, meta, make_sending):
    first, second = make_sending(number, 1), make_sending(number, 1)
    refuse(meta, 131000)
    deliver(number)
    assert (statuses(first), statuses(second)) == (["planned"], ["accepted"])


def test_what_may_succeed_later_is_planned_again_with_its_time(number, meta, make_sending):
    broadcast = make_sending(number, 1)
    refuse(meta, 131000)
    deliver(number)
    message = broadcast.messages.get()
    assert (message.status, message.attempts, message.error_code) == ("planned", 1, 131000)
    assert message.due_at


def test_a_lost_answer_is_unknown_and_not_sent_again(number, meta, make_sending):
    broadcast = make_sending(number, 1)
    meta.faults.on_send(closed_after_accepting)
    deliver(number)
    tasks.deliver_due()
    assert statuses(broadcast) == ["unknown"]
    assert len(meta.sends) == 1


def test_a_lost_answer_is_settled_by_the_status_webhook(
    number, meta, django_capture_on_commit_callbacks, make_sending
):
    broadcast = make_sending(number, 1)
    meta.faults.on_send(closed_after_accepting)
    deliver(number)
    with django_capture_on_commit_callbacks(execute=True):
        meta.deliver_webhooks()
    assert statuses(broadcast) in (["sent"], ["delivered"], ["read"])


def test_statements_do_not_grow_with_the_recipients(number, meta, make_sending):
    counts = []
    for people in (1, 8):
        make_sending(number, people)
        with CaptureQueriesContext(connection) as queries, answers_together():
            deliver(number)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_replies_go_out_while_a_broadcast_uses_up_its_part_of_the_rate(number, meta, make_sending):
    from crm.testing import make_conversation, make_message

    WhatsAppNumber.objects.update(messages_per_second=20)
    broadcast = make_sending(number, people=8)
    reply = make_message(make_conversation(number), direction="out", status="queued")
    delivery.deliver(BroadcastMessage, number.pk, seconds=0.01)
    delivery.deliver(type(reply), number.pk)
    reply.refresh_from_db()
    assert "planned" in statuses(broadcast)
    assert reply.status == "accepted"


# When it ends


def test_it_is_done_when_nobody_waits_or_is_under_way(number, meta, make_sending):
    broadcast = make_sending(number)
    assert dispatch.finish() == 0
    deliver(number)
    assert dispatch.finish() == 1
    assert state(broadcast) == "done"
    assert broadcast.finished_at


def test_recipients_whose_fate_is_unknown_do_not_hold_it(number):
    broadcast = make_broadcast(number, status="sending")
    make_broadcast_message(broadcast, make_customer(number.business), status="unknown")
    dispatch.finish()
    assert state(broadcast) == "done"


@pytest.mark.parametrize("status", ["planned", "sending"])
def test_who_waits_or_is_under_way_holds_it(number, status):
    broadcast = make_broadcast(number, status="sending")
    make_broadcast_message(broadcast, make_customer(number.business), status=status)
    dispatch.finish()
    assert state(broadcast) == "sending"


# What stops it

STOPPING = {
    "the token": 190,
    "payment": 131042,
    "complaints": 131048,
    "a lock": 368,
    "the template is missing": 132001,
    "the template is paused": 132015,
}


@pytest.mark.parametrize("trouble", STOPPING)
def test_it_pauses_with_the_reason_when_a_refusal_concerns_everybody(number, meta, trouble, make_sending):
    broadcast = make_sending(number, people=4)
    refuse(meta, STOPPING[trouble], times=None)
    with calls_at_once(2):
        deliver(number)
    assert state(broadcast) == "paused"
    assert str(STOPPING[trouble]) in broadcast.paused_reason
    assert statuses(broadcast)[2:] == ["planned"] * 2


@pytest.mark.parametrize("code", [131026, 130472, 131057, 130429, 131056])
def test_it_goes_on_after_refusals_of_one_person_or_of_a_moment(number, meta, code, make_sending):
    broadcast = make_sending(number, people=2)
    refuse(meta, code)
    deliver(number)
    assert state(broadcast) == "sending"


def test_a_template_that_is_paused_stops_no_broadcast_of_another(number, meta, make_sending):
    first, second = make_sending(number, 1), make_sending(number, 1)
    refuse(meta, 132015)
    deliver(number)
    assert (state(first), state(second)) == ("paused", "sending")


def test_a_refused_token_pauses_all_broadcasts_of_the_number(number, meta, make_sending):
    first, second = make_sending(number, 1), make_sending(number, 1)
    refuse(meta, 190)
    deliver(number)
    assert (state(first), state(second)) == ("paused", "paused")
    assert statuses(first) == ["planned"]


def test_values_that_are_wrong_for_the_first_ten_stop_it(number, meta, make_sending):
    broadcast = make_sending(number, people=12)
    refuse(meta, 132000, times=None)
    with calls_at_once(5):
        deliver(number)
    assert state(broadcast) == "paused"
    assert statuses(broadcast) == ["failed"] * 10 + ["planned"] * 2


def test_values_that_are_wrong_for_some_fail_them_alone(number, meta, make_sending):
    broadcast = make_sending(number, people=12)
    make_broadcast_message(broadcast, make_customer(number.business), status="accepted", accepted_at="2026-01-01T00Z")
    refuse(meta, 132000, times=None)
    with calls_at_once(5):
        deliver(number)
    assert state(broadcast) == "sending"


def test_who_has_stopped_marketing_at_whatsapp_is_opted_out(number, meta, make_sending):
    broadcast = make_sending(number, 1)
    refuse(meta, 131050)
    deliver(number)
    message = broadcast.messages.get()
    assert message.status == "failed"
    assert message.customer.opted_out


def test_reacting_costs_the_same_for_many_refusals(number, meta, make_sending):
    counts = []
    refuse(meta, 131050, times=None)
    for people in (1, 8):
        make_sending(number, people)
        with CaptureQueriesContext(connection) as queries, answers_together():
            deliver(number)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_had_opted_out_before_keeps_the_time_of_that(number):
    long_ago = timezone.now() - timedelta(days=30)
    customer = make_customer(number.business, opted_out_at=long_ago)
    message = make_broadcast_message(make_broadcast(number), customer, status="failed")
    BroadcastMessage.refused(number, {message.pk: CloudApiError(131050)})
    customer.refresh_from_db()
    assert customer.opted_out_at == long_ago


# What fails after it was accepted


def fail_later(meta, number, code, django_capture_on_commit_callbacks):
    meta.faults.on_send(failing_later(code))
    deliver(number)
    with django_capture_on_commit_callbacks(execute=True):
        meta.deliver_webhooks()


def test_a_template_paused_while_messages_are_held_stops_it(
    number, meta, django_capture_on_commit_callbacks, make_sending
):
    broadcast = make_sending(number, 1)
    fail_later(meta, number, 132015, django_capture_on_commit_callbacks)
    assert (state(broadcast), statuses(broadcast)) == ("paused", ["failed"])


def test_who_turns_out_to_have_stopped_marketing_is_opted_out(
    number, meta, django_capture_on_commit_callbacks, make_sending
):
    broadcast = make_sending(number, 1)
    fail_later(meta, number, 131050, django_capture_on_commit_callbacks)
    assert broadcast.messages.get().customer.opted_out


def test_a_payment_problem_that_shows_later_pauses_the_number(
    number, meta, django_capture_on_commit_callbacks, make_sending
):
    broadcast = make_sending(number, 1)
    fail_later(meta, number, 131042, django_capture_on_commit_callbacks)
    number.refresh_from_db()
    assert number.status == "problem"
    assert number.paused_until
    assert state(broadcast) == "paused"


@pytest.mark.django_db(transaction=True)
def test_a_broadcast_whose_failures_are_retried_at_this_moment_is_not_done(number, make_sending):
    broadcast = make_sending(number, people=1)
    broadcast.messages.update(status="failed")

    def finish():
        dispatch.finish()
        connection.close()

    with ThreadPoolExecutor(1) as other_worker, patch.object(dispatch, "send"):
        with transaction.atomic():
            lifecycle.retry_failed(broadcast)
            finishing = other_worker.submit(finish)
            time.sleep(0.3)
        finishing.result()

    assert state(broadcast) == "sending"


# Broadcasts that share a number


def test_broadcasts_of_a_number_take_turns(number, make_sending):
    for name in "ABC":
        make_sending(number, people=4, name=name)
    with calls_at_once(2), answers_together(), claims() as names:
        deliver(number)
    assert names == ["A", "B", "C"] * 2


def test_one_that_is_started_later_has_its_turn_next(number, make_sending):
    make_sending(number, people=6, name="A")

    def start_another():
        if not number.broadcasts.filter(name="B").exists():
            make_sending(number, people=2, name="B")

    with calls_at_once(2), answers_together(), claims(start_another) as names:
        deliver(number)
    assert names == ["A", "B", "A", "A"]


@pytest.mark.parametrize(
    "stop", [lambda it, owner: lifecycle.pause(it, owner), lambda it, _owner: lifecycle.cancel(it)]
)
def test_one_that_is_stopped_leaves_its_turns_to_the_others(number, owner, make_sending, stop):
    first = make_sending(number, people=4, name="A")
    make_sending(number, people=4, name="B")
    with calls_at_once(2), answers_together(), claims(lambda: stop(first, owner)) as names:
        deliver(number)
    assert names == ["A", "B", "B"]


def test_one_whose_people_have_all_opted_out_does_not_end_the_sending_of_another(number, make_sending):
    first, second = make_sending(number, people=3), make_sending(number, people=3)
    for message in first.messages.all():
        opt_out(message.customer)
    deliver(number)
    assert (statuses(first), statuses(second)) == (["skipped"] * 3, ["accepted"] * 3)


@pytest.mark.django_db(transaction=True)
def test_a_broadcast_that_somebody_changes_at_this_moment_is_not_waited_for(number, make_sending):
    broadcast = make_sending(number, people=1)

    def claim():
        lane = BulkLane(BroadcastMessage, number.pk)
        rows = lane.claim(1) if lane.is_open() else []
        connection.close()
        return rows

    with ThreadPoolExecutor(1) as worker, transaction.atomic():
        Broadcast.objects.select_for_update().get(pk=broadcast.pk)
        claiming = worker.submit(claim)
        if connection.vendor == "postgresql":
            assert len(claiming.result(PATIENCE)) == 1
    assert len(claiming.result()) == 1


def test_a_recipient_is_known_by_the_phone_by_which_meta_knows_them(number, meta):
    meta.simulator.add_customer("Ana", "+551190009045")
    broadcast = make_broadcast(number, status="sending")
    meta.approve(broadcast.template)
    row = make_broadcast_message(broadcast, make_customer(number.business, phone="+5511990009045"))

    deliver(number)

    row.refresh_from_db()
    assert (row.status, row.customer.phone) == ("accepted", "+551190009045")
