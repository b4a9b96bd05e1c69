import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.testing import make_business
from whatsapp import delivery, numbers, pauses, sending_slots, tasks
from whatsapp.models import WhatsAppNumber
from whatsapp.simulator.faults import closed_after_accepting, closed_before_accepting, error, server_error
from whatsapp.testing import make_number, new_wamid

from .rows import make_broadcast_row, make_conversation, make_row, message_model
from .scripted_server import ScriptedServer, answer, refused_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


def deliver(number, model=None):
    return delivery.deliver(model or message_model(), number.pk)


def delivered(number, **fields):
    """A message after it was delivered."""
    row = make_row(number, **fields)
    deliver(number)
    row.refresh_from_db()
    return row


def make_due(*rows):
    for row in rows:
        type(row).objects.filter(pk=row.pk).update(due_at=None)


def free_slots():
    slots = sending_slots.slots
    free = slots.take(10**6)
    slots.give_back(free)
    return free


def accepting():
    return answer(200, {"messages": [{"id": new_wamid()}]})


def slowly_accepting(connection):
    time.sleep(0.3)
    connection.sendall(accepting())


def about(seconds):
    return pytest.approx(seconds, abs=3)


def seconds_to(moment):
    return (moment - timezone.now()).total_seconds()


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
    body = {"to": "+79161234567", "type": "text", "text": {"body": "News"}}
    with patch.object(type(row), "cloud_api_message", lambda row: body):
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
    with patch("whatsapp.delivery.CLAIMERS_PER_NUMBER", 4):
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


# What goes wrong


def test_a_refusal_fails_the_message_with_code_and_sentence(number, meta):
    number.business.language = "en"
    number.business.save()
    meta.faults.on_send(error(131030, "Recipient phone number not in allowed list"))
    row = delivered(number)
    assert (row.status, row.error_code) == ("failed", 131030)
    assert row.error_title.startswith("A test number writes only to phones on its list.")


def test_a_person_to_be_left_alone_is_told_by_the_code(number, meta):
    meta.faults.on_send(error(131050))
    row = delivered(number)
    assert (row.status, row.error_code) == ("failed", 131050)


def test_what_may_succeed_later_is_tried_three_times_at_growing_distances(number, meta):
    meta.faults.on_send(error(131000, http_status=500), times=None)
    row, waits = make_row(number), []
    for _ in range(2):
        deliver(number)
        row.refresh_from_db()
        waits.append(seconds_to(row.due_at))
        make_due(row)
    deliver(number)
    row.refresh_from_db()
    assert waits == [about(5), about(20)]
    assert (row.status, row.attempts) == ("failed", 3)


def test_a_number_that_sends_too_fast_is_held_for_seconds_without_a_problem(number, meta):
    meta.faults.on_send(error(130429, "Rate limit hit"))
    row = delivered(number)
    number.refresh_from_db()
    assert row.status == "queued"
    assert seconds_to(number.paused_until) == about(5)
    assert number.status == "connected"


def test_a_number_that_was_reported_pauses_for_hours_and_says_why(number, meta):
    meta.faults.on_send(error(131048, "Spam rate limit hit"))
    row = delivered(number)
    number.refresh_from_db()
    assert row.status == "queued"
    assert seconds_to(number.paused_until) > 3 * 3600
    assert (number.status, bool(number.problem)) == ("problem", True)


def test_a_lock_of_the_account_pauses_its_numbers_in_the_business(number, meta):
    sibling = make_number(number.business, waba_id=number.waba_id)
    others = [make_number(number.business), make_number(make_business(), waba_id=number.waba_id)]
    meta.faults.on_send(error(131031, "Account locked", http_status=403))
    delivered(number)
    assert set(WhatsAppNumber.objects.filter(paused_until__isnull=False)) == {number, sibling}
    assert not WhatsAppNumber.objects.filter(pk__in=[other.pk for other in others], status="problem")


def test_a_number_sends_again_after_its_pause_and_has_no_problem_then(number, meta):
    meta.faults.on_send(error(131048))
    row = delivered(number)
    WhatsAppNumber.objects.update(paused_until=timezone.now())
    tasks.deliver_due()
    row.refresh_from_db()
    number.refresh_from_db()
    assert row.status == "accepted"
    assert (number.status, number.problem, number.paused_until) == ("connected", "", None)


def test_a_pause_is_not_cut_short_by_a_shorter_one(number, meta):
    make_row(number)
    meta.faults.on_send(error(131048))
    meta.faults.on_send(error(130429))
    delivered(number)
    number.refresh_from_db()
    assert seconds_to(number.paused_until) > 3 * 3600


@pytest.mark.parametrize("code", [131048, 190])
def test_what_meta_took_before_a_pause_or_stop_does_not_end_it(number, meta, code):
    WhatsAppNumber.objects.update(status="problem", problem="Reported", paused_until=timezone.now())
    make_row(number)
    meta.faults.on_send(error(code))
    deliver(number)
    pauses.recovered(number)
    number.refresh_from_db()
    assert number.status == "problem"
    assert pauses.sendable(number.pk) is None


def test_a_pause_of_a_number_whose_refused_token_was_mended_ends(number, meta):
    meta.faults.on_send(error(10, "Permission denied"))
    row = delivered(number)
    numbers.check(WhatsAppNumber.objects.get())
    pauses.pause(WhatsAppNumber.objects.all(), 0, "Meta is changing this number's limits.")
    deliver(number)
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_number_that_is_refused_again_after_its_pause_pauses_again(number, meta):
    WhatsAppNumber.objects.update(status="problem", problem="Reported", paused_until=timezone.now())
    make_row(number)
    meta.faults.on_send(error(131048))
    delivered(number)
    number.refresh_from_db()
    assert number.status == "problem"
    assert seconds_to(number.paused_until) > 3 * 3600


def test_a_refused_token_stops_the_number_until_there_is_another(number, meta):
    rows = [make_row(number) for _ in range(3)]
    meta.faults.on_send(error(190, "Session has expired", http_status=401), times=3)
    deliver(number)
    calls = len(meta.sends)
    for _ in range(3):
        deliver(number)
    number.refresh_from_db()
    assert number.status == "problem"
    assert len(meta.sends) == calls
    assert set(message_model().objects.values_list("status", flat=True)) == {"queued"}
    number.access_token = "EAAnew"
    number.save()
    meta.connect(number)
    tasks.deliver_due()
    assert set(message_model().objects.values_list("status", flat=True)) == {"accepted"}
    assert len(meta.sends) == calls + len(rows)


def test_a_number_that_was_mended_at_meta_sends_again_after_a_check(number, meta):
    meta.faults.on_send(error(10, "Permission denied"))
    row = delivered(number)
    WhatsAppNumber.objects.update(status="connected", problem="")
    tasks.deliver_due()
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_refusal_of_a_token_that_was_replaced_meanwhile_stops_nothing(number, meta):
    WhatsAppNumber.objects.filter(pk=number.pk).update(access_token="EAAnew")
    pauses.stop(number, "Refused")
    number.refresh_from_db()
    assert number.status == "connected"


def test_a_problem_that_delivery_did_not_find_stays_until_it_is_checked(number, meta):
    WhatsAppNumber.objects.update(status="problem", problem="At Meta this ID belongs to another phone.")
    row = delivered(number)
    number.refresh_from_db()
    assert row.status == "accepted"
    assert number.status == "problem"


def test_a_message_goes_back_when_meta_cannot_be_reached(number, settings):
    settings.META_GRAPH_URL = refused_url()
    row = delivered(number)
    assert (row.status, seconds_to(row.due_at)) == ("queued", about(5))


@pytest.mark.parametrize("fault", [closed_before_accepting, closed_after_accepting, server_error])
def test_a_message_whose_answer_is_lost_is_never_sent_again_by_itself(number, meta, fault):
    meta.faults.on_send(fault)
    row = delivered(number)
    tasks.deliver_due()
    deliver(number)
    row.refresh_from_db()
    assert row.status == "unknown"
    assert row.error_title
    assert len(meta.sends) == 1


def test_its_status_webhook_settles_it(number, meta, handled, django_capture_on_commit_callbacks):
    meta.faults.on_send(closed_after_accepting)
    row = delivered(number)
    with django_capture_on_commit_callbacks(execute=True):
        meta.deliver_webhooks()
    row.refresh_from_db()
    assert row.status in ("sent", "delivered", "read")
    assert row.wamid
    assert row.error_title == ""


def test_a_connection_that_meta_closed_in_a_quiet_time_is_not_used(number, settings):
    is_closed = threading.Event()

    def answer_and_close(connection):
        connection.sendall(accepting())
        time.sleep(0.1)
        connection.close()
        is_closed.set()

    with ScriptedServer(answer_and_close) as server:
        settings.META_GRAPH_URL = server.url
        first = delivered(number)
        is_closed.wait()
        second = delivered(number)
    assert (first.status, second.status) == ("accepted", "accepted")


@pytest.mark.django_db(transaction=True)
def test_threads_use_one_kept_connection_after_the_other(settings):
    number = make_number(make_business())

    def work():
        deliver(number)
        connection.close()

    with ScriptedServer(*[accepting() for _ in range(3)]) as server:
        settings.META_GRAPH_URL = server.url
        for _ in range(3):
            make_row(number)
            worker = threading.Thread(target=work)
            worker.start()
            worker.join()
    assert set(message_model().objects.values_list("status", flat=True)) == {"accepted"}
    assert server.connections == 1


@pytest.mark.parametrize("broken", ["ledger.claim", "rates.take", "pauses.sendable"])
def test_answers_are_written_down_when_nothing_more_can_be_sent(number, settings, broken):
    begin = delivery.Delivery._begin

    def break_after_beginning(self, rows):
        begin(self, rows)
        stack.enter_context(patch(f"whatsapp.{broken}", side_effect=OperationalError))

    with ExitStack() as stack, ScriptedServer(slowly_accepting) as server:
        settings.META_GRAPH_URL = server.url
        row = make_row(number)
        stack.enter_context(patch.object(delivery.Delivery, "_begin", break_after_beginning))
        with pytest.raises(OperationalError):
            deliver(number)
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_call_that_fails_in_an_unforeseen_way_costs_no_other_its_answer(number, meta):
    make_row(number), make_row(number)
    with patch("whatsapp.calls.read_answer", side_effect=[LookupError, {"messages": [{"id": "wamid.A"}]}]):
        deliver(number)
    assert sorted(message_model().objects.values_list("status", flat=True)) == ["accepted", "unknown"]
    assert free_slots() == sending_slots.SLOTS


def test_slots_are_given_back_once_when_sending_breaks_off(number, meta):
    broken = make_row(number)
    make_row(number)
    message_model().objects.filter(pk=broken.pk).update(content=7)
    with patch("whatsapp.ledger.settle", side_effect=OperationalError), pytest.raises(OperationalError):
        deliver(number)
    assert free_slots() == sending_slots.SLOTS


# What a person decides


def test_a_person_counts_a_lost_message_as_sent(number):
    row = make_row(number, status="unknown", error_title="Lost")
    delivery.count_as_sent(row)
    assert (row.status, row.error_title) == ("sent", "")
    assert row.sent_at


def test_a_person_sends_a_lost_message_again(number, meta):
    row = make_row(number, status="unknown", token="t" * 32, attempts=3, error_title="Lost")
    delivery.send_again(row)
    tasks.deliver_due()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("accepted", 1)
    assert len(meta.sends) == 1


@pytest.mark.parametrize("decide", [delivery.count_as_sent, delivery.send_again])
def test_a_decision_comes_too_late_when_the_fate_is_known(number, decide):
    row = make_row(number, status="unknown")
    message_model().objects.update(status="delivered")
    with pytest.raises(delivery.Refusal) as caught:
        decide(row)
    assert caught.value.code == "not_unknown"
    assert message_model().objects.get().status == "delivered"


# How much it costs, and how long it may last


def test_the_number_of_statements_does_not_grow_with_the_messages(number, meta):
    counts = []
    for size in (1, 8):
        for _ in range(size):
            make_row(number)
        with CaptureQueriesContext(connection) as queries, patch("whatsapp.delivery.PATIENCE", 30):
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
        patch("whatsapp.delivery.deliver", return_value=True),
        patch.object(tasks.deliver, "apply_async") as given,
    ):
        tasks.deliver(message_model()._meta.label, number.pk)
    assert given.call_args.kwargs == {"expires": tasks.WAITING}


def test_the_task_goes_on_until_nothing_is_left(number, meta):
    with (
        patch("whatsapp.delivery.MICRO_BATCH", 2),
        patch("whatsapp.rates.take", lambda number, wanted, is_bulk=False: wanted),
    ):
        rows = [make_row(number) for _ in range(5)]
        tasks.deliver(message_model()._meta.label, number.pk)
    assert len(meta.sends) == len(rows)
