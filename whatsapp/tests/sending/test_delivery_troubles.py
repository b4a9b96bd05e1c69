"""What delivery does when Meta refuses, is away, or its answer is lost."""

import threading
import time
from contextlib import ExitStack
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.sending import delivery, send_gate, tasks
from whatsapp.simulator.graph.faults import closed_after_accepting, closed_before_accepting, error, server_error
from whatsapp.testing import make_number
from whatsapp.tests.graph.scripted_server import ScriptedServer, refused_url
from whatsapp.tests.rows import make_row, message_model
from whatsapp.tests.sending.delivering import (
    about,
    accepting,
    deliver,
    delivered,
    free_slots,
    make_due,
    seconds_to,
    slowly_accepting,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


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
    send_gate.resume(number)
    number.refresh_from_db()
    assert number.status == "problem"
    assert send_gate.sendable(number.pk) is None


def test_a_pause_of_a_number_whose_refused_token_was_mended_ends(number, meta):
    meta.faults.on_send(error(10, "Permission denied"))
    row = delivered(number)
    health.check(WhatsAppNumber.objects.get())
    send_gate.pause(WhatsAppNumber.objects.all(), 0, "Meta is changing this number's limits.")
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
    send_gate.stop(number, "Refused")
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


@pytest.mark.parametrize("broken", ["ledger.claim", "rate_limiter.take", "send_gate.sendable"])
def test_answers_are_written_down_when_nothing_more_can_be_sent(number, settings, broken):
    begin = delivery.Delivery._begin

    def break_after_beginning(self, rows):
        begin(self, rows)
        stack.enter_context(patch(f"whatsapp.sending.{broken}", side_effect=OperationalError))

    with ExitStack() as stack, ScriptedServer(slowly_accepting) as server:
        settings.META_GRAPH_URL = server.url
        row = make_row(number)
        # It waits for the first one.
        make_row(number, row.conversation)
        stack.enter_context(patch.object(delivery.Delivery, "_begin", break_after_beginning))
        with pytest.raises(OperationalError):
            deliver(number)
    row.refresh_from_db()
    assert row.status == "accepted"


def test_a_call_that_fails_in_an_unforeseen_way_costs_no_other_its_answer(number, meta):
    make_row(number), make_row(number)
    with patch("whatsapp.graph.pool.read_answer", side_effect=[LookupError, {"messages": [{"id": "wamid.A"}]}]):
        deliver(number)
    assert sorted(message_model().objects.values_list("status", flat=True)) == ["accepted", "unknown"]
    assert free_slots() == delivery.MAX_CALLS


def test_slots_are_given_back_once_when_sending_breaks_off(number, meta):
    broken = make_row(number)
    make_row(number)
    message_model().objects.filter(pk=broken.pk).update(content=7)
    with patch("whatsapp.sending.ledger.settle", side_effect=OperationalError), pytest.raises(OperationalError):
        deliver(number)
    assert free_slots() == delivery.MAX_CALLS
