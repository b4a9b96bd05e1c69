"""Numbers are asked about at Meta from time to time, and what a person must do is known."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.deletion import deletion
from accounts.jobs.job import advance
from accounts.refusals import Refusal
from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import alerts, health, numbers
from whatsapp.sending import send_gate
from whatsapp.simulator.graph.faults import error, server_error
from whatsapp.testing import make_number
from whatsapp.tests.graph.scripted_server import refused_url
from whatsapp.tests.sending.delivering import about, seconds_to

pytestmark = pytest.mark.django_db

HOURS = 3600


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


def at_meta(meta, number, **facts):
    meta.directory.numbers[number.phone_number_id].facts.update(facts)


def tick():
    for number in list(health.JOB.due()):
        advance(health.JOB, number, 10)


def make_due(*numbers):
    WhatsAppNumber.objects.filter(pk__in=[number.pk for number in numbers]).update(check_due_at=timezone.now())


def asked(meta, *, edge=None):
    """The calls there were of nodes, or of an edge."""
    ends = [call.path.rsplit("/", 1)[-1] for call in meta.requests]
    return [end for end in ends if (end.isdigit() if edge is None else end == edge)]


def fresh(number):
    return WhatsAppNumber.objects.get(pk=number.pk)


def test_a_due_number_learns_what_meta_knows(meta, number):
    at_meta(
        meta,
        number,
        quality_rating="YELLOW",
        status="FLAGGED",
        name_status="PENDING_REVIEW",
        throughput={"level": "HIGH"},
        whatsapp_business_manager_messaging_limit="TIER_10K",
        verified_name="Kettle House",
    )

    tick()

    now = fresh(number)
    assert (now.status, now.problem) == ("connected", "")
    assert (now.quality_rating, now.meta_status, now.name_status) == ("YELLOW", "FLAGGED", "PENDING_REVIEW")
    assert (now.throughput, now.messaging_limit, now.verified_name) == ("HIGH", "TIER_10K", "Kettle House")
    assert seconds_to(now.checked_at) == about(0)


def test_it_is_checked_again_after_about_six_hours(meta, number):
    tick()
    assert 5.3 * HOURS < seconds_to(fresh(number).check_due_at) < 6.7 * HOURS


def test_numbers_come_back_at_different_times(meta):
    for _serial in range(4):
        meta.connect(make_number(make_business()))
    tick()
    due = list(WhatsAppNumber.objects.values_list("check_due_at", flat=True))
    assert max(due) - min(due) > timedelta(seconds=30)


def test_a_second_tick_asks_nothing(meta, number):
    tick()
    before = len(meta.requests)
    tick()
    assert len(meta.requests) == before


def test_what_siblings_share_is_asked_once(meta):
    business = make_business()
    siblings = [make_number(business, waba_id="1022000000099", access_token="EAAshared") for _serial in range(3)]
    for sibling in siblings:
        meta.connect(sibling)

    tick()

    assert len(asked(meta)) == 3
    assert len(asked(meta, edge="subscribed_apps")) == len(asked(meta, edge="debug_token")) == 1
    assert {tuple(apps) for apps in WhatsAppNumber.objects.values_list("subscribed_apps", flat=True)} == {()}


def test_numbers_whose_account_is_unknown_share_none():
    number, other = (make_number(make_business(), waba_id="") for _serial in range(2))
    assert list(WhatsAppNumber.objects.sharing_account_with(number)) == [number]
    assert list(WhatsAppNumber.objects.sharing_account_with(other)) == [other]


def test_a_number_of_the_same_account_in_another_business_is_asked_about_for_itself(meta):
    for _serial in range(2):
        meta.connect(make_number(make_business(), waba_id="1022000000098"))
    tick()
    assert len(asked(meta, edge="subscribed_apps")) == 2


def test_who_receives_the_webhooks_is_known(meta, number):
    meta.directory.subscribed[number.waba_id] = {meta.directory.app_id: True}
    tick()
    assert fresh(number).subscribed_apps == ["Simulator"]


@pytest.mark.parametrize(("told", "expires"), [(1893456000, 1893456000), (0, None), ("soon", None)])
def test_when_the_token_ends_is_known(meta, number, told, expires):
    meta.faults.on_call("GET", "debug_token", lambda accept: {"data": {"is_valid": True, "expires_at": told}})
    tick()
    ends = fresh(number).token_expires_at
    assert (ends and ends.timestamp()) == expires


def test_a_token_is_inspected_by_the_app_of_the_installation_where_there_is_one(meta, number, settings):
    settings.META_APP_ID, settings.META_APP_SECRET = "77", "s3cret"
    meta.faults.on_call("GET", "debug_token", lambda accept: {"data": {"expires_at": 0}})
    tick()
    [call] = [call for call in meta.requests if call.path.endswith("debug_token")]
    assert (call.token, call.query["input_token"]) == ("77|s3cret", number.access_token)


@pytest.mark.parametrize("edge", ["debug_token", "subscribed_apps"])
def test_a_refusal_to_tell_of_token_or_webhooks_is_no_trouble(meta, number, edge):
    meta.faults.on_call("GET", edge, error(10, "Permission denied"))
    tick()
    now = fresh(number)
    assert (now.status, now.subscribed_apps) == ("connected", None if edge == "subscribed_apps" else [])
    assert seconds_to(now.check_due_at) > 5 * HOURS


def test_webhooks_that_go_to_another_app_are_noticed(meta, number):
    meta.directory.subscribed[number.waba_id] = {meta.directory.app_id: True}
    meta.faults.on_call("GET", "debug_token", lambda accept: {"data": {"app_id": "1", "expires_at": 0}})
    tick()
    assert "webhooks_elsewhere" in fresh(number).alerts
    make_due(number)
    meta.faults.on_call("GET", "debug_token", lambda accept: {"data": {"app_id": "400000000000001", "expires_at": 0}})
    tick()
    assert fresh(number).alerts == {}


def test_what_holds_sending_up_is_kept_while_it_lasts(meta, number):
    blocked = {
        "can_send_message": "BLOCKED",
        "entities": [
            {
                "entity_type": "WABA",
                "id": number.waba_id,
                "can_send_message": "BLOCKED",
                "errors": [
                    {
                        "error_code": 141006,
                        "error_description": "There is an error with the payment method.",
                        "possible_solution": "Update the payment method.",
                    }
                ],
            }
        ],
    }
    at_meta(meta, number, health_status=blocked)
    tick()
    assert "Update the payment method." in fresh(number).alerts["cannot_send"]["what"]
    at_meta(meta, number, health_status={"can_send_message": "AVAILABLE", "entities": []})
    make_due(number)
    tick()
    assert fresh(number).alerts == {}


def test_a_number_that_cannot_send_has_a_problem_in_the_language_of_its_business(meta, number):
    at_meta(meta, number, status="BANNED")
    number.business.language = "en"
    number.business.save()
    tick()
    assert (fresh(number).status, fresh(number).problem[:27]) == ("problem", "Meta has banned this number")


def test_out_of_reach_a_number_stays_as_it_was_and_is_asked_again_ever_later(settings, number):
    settings.META_GRAPH_URL = refused_url()
    waits = []
    for _try in range(9):
        make_due(number)
        tick()
        waits.append(seconds_to(fresh(number).check_due_at) / 60)
    assert (fresh(number).status, fresh(number).checked_at) == ("connected", None)
    for wait, about_minutes in zip(waits, [5, 10, 20, 40, 80, 160, 320, 360, 360], strict=True):
        assert about_minutes * 0.88 < wait < about_minutes * 1.12


def test_after_trouble_all_is_forgotten_when_meta_answers(meta, number):
    meta.faults.on_call("GET", None, server_error)
    tick()
    assert fresh(number).failed_checks == 1
    make_due(number)
    tick()
    assert fresh(number).failed_checks == 0


def test_when_meta_is_out_of_reach_it_is_tried_with_one_number_of_an_account(meta):
    business = make_business()
    for _serial in range(3):
        meta.connect(make_number(business, waba_id="1022000000097"))
    meta.faults.on_call("GET", None, server_error, times=None)
    tick()
    assert len(asked(meta)) == 1
    assert set(WhatsAppNumber.objects.values_list("failed_checks", flat=True)) == {1}


@pytest.mark.parametrize("code", [4, 80007])
@pytest.mark.parametrize("edge", [None, "subscribed_apps"])
def test_when_meta_counts_too_many_calls_it_is_left_alone_for_an_hour(meta, number, code, edge):
    meta.faults.on_call("GET", edge, error(code, "Too many calls"))
    tick()
    now = fresh(number)
    assert (now.status, now.paused_until is not None) == ("connected", True)
    assert seconds_to(now.check_due_at) > 0.85 * HOURS


def test_a_token_that_may_not_read_the_number_is_a_problem_but_no_stop(meta, number):
    meta.faults.on_call("GET", None, error(10, "Permission denied"))
    tick()
    assert fresh(number).status == "problem"
    assert send_gate.sendable(number.pk)


@pytest.mark.django_db(transaction=True)
def test_a_check_does_not_undo_a_pause_written_meanwhile(meta, number):
    def while_delivery_is_refused(accept):
        answer = accept()
        send_gate.pause(WhatsAppNumber.objects.filter(pk=number.pk), 3600, "Reported")
        connection.close()
        return answer

    meta.faults.on_call("GET", None, while_delivery_is_refused)
    tick()
    assert (fresh(number).status, fresh(number).problem) == ("problem", "Reported")


def test_a_check_leaves_a_pause_with_its_reason(meta, number):
    send_gate.pause(WhatsAppNumber.objects.filter(pk=number.pk), 3600, "Reported")
    health.check(number)
    assert (number.status, number.problem) == ("problem", "Reported")
    assert number.meta_status == "CONNECTED"


@pytest.mark.django_db(transaction=True)
def test_what_was_asked_with_an_old_token_is_not_written(meta, number):
    def while_somebody_enters_another(accept):
        answer = accept()
        meta.directory.numbers[number.phone_number_id].access_token = "EAAnew"
        numbers.update(fresh(number), access_token="EAAnew")
        connection.close()
        return answer

    at_meta(meta, number, verified_name="Asked by the old token")
    meta.faults.on_call("GET", None, while_somebody_enters_another)
    meta.faults.on_call("GET", None, lambda accept: {"id": number.phone_number_id, "verified_name": "By the new one"})
    tick()
    assert fresh(number).verified_name == "By the new one"


def test_a_number_that_is_being_deleted_is_left_alone(meta, number, monkeypatch):
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)
    assert deletion.delete(number).state == "waiting"
    tick()
    assert meta.requests == []


def test_a_token_that_cannot_be_read_is_a_problem(meta, number, settings):
    from cryptography.fernet import Fernet

    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    tick()
    assert fresh(number).status == "problem"
    assert meta.requests == []


def test_a_check_by_a_person_says_when_meta_is_out_of_reach(settings, number):
    settings.META_GRAPH_URL = refused_url()
    with pytest.raises(Refusal) as refusal:
        health.check(number)
    assert refusal.value.code == "meta_unreachable"
    assert fresh(number).status == "connected"


def test_what_meta_told_of_a_number_has_it_checked_soon_but_not_all_the_time(meta, number):
    tick()
    health.check_soon(WhatsAppNumber.objects.filter(pk=number.pk))
    assert 200 < seconds_to(fresh(number).check_due_at) < 310
    WhatsAppNumber.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    health.check_soon(WhatsAppNumber.objects.filter(pk=number.pk))
    assert seconds_to(fresh(number).check_due_at) == about(0)


@pytest.mark.django_db(transaction=True)
def test_what_wants_a_check_while_there_is_one_has_another(meta, number):
    def while_a_webhook_comes(accept):
        health.check_soon(WhatsAppNumber.objects.filter(pk=number.pk))
        connection.close()
        return accept()

    meta.faults.on_call("GET", None, while_a_webhook_comes)
    tick()
    assert fresh(number).failed_checks == 0
    assert seconds_to(fresh(number).check_due_at) < 310


@pytest.mark.django_db(transaction=True)
def test_many_workers_check_a_number_once(meta, number):
    ready = threading.Barrier(4)

    def work():
        ready.wait()
        try:
            advance(health.JOB, number, 10)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(asked(meta)) == 1


def test_an_app_that_receives_the_webhooks_again_is_cut_off_no_longer(meta, number):
    alerts.put(WhatsAppNumber.objects.filter(pk=number.pk), "app_removed")
    make_due(number)
    tick()
    assert "app_removed" in fresh(number).alerts

    meta.directory.subscribed[number.waba_id] = {meta.directory.app_id: True}
    make_due(number)
    tick()

    assert "app_removed" not in fresh(number).alerts


def test_words_of_an_unknown_shape_stop_no_check(meta, number):
    blocked = {
        "entity_type": "PHONE_NUMBER",
        "can_send_message": "BLOCKED",
        "errors": [None, {"error_description": 1}],
    }
    at_meta(meta, number, status=["CONNECTED"], health_status={"entities": [blocked, None]})
    make_due(number)

    tick()

    assert seconds_to(fresh(number).check_due_at) > 5 * HOURS
