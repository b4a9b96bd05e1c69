from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from accounts.jobs import registry
from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.testing import (
    call_event,
    echo_of_text,
    inbound,
    inbound_text,
    make_number,
    message_from,
    new_wamid,
    payload_of,
    status_update,
    value_of,
)
from whatsapp.tests.rows import make_row, plan
from whatsapp.tests.webhooks import handlers
from whatsapp.webhooks import process, tasks

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture(autouse=True)
def _noon():
    """Time stands still, so that waits are exact."""
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        yield


@pytest.fixture
def number():
    return make_number(make_business())


@pytest.fixture
def stumbling(settings, handled):
    """A handler that fails at the text "fail"."""
    settings.WHATSAPP_EVENT_HANDLER = "whatsapp.tests.webhooks.handlers.stumble"
    return handled


def store(number, payload, **fields):
    change = payload["entry"][0]["changes"][0]
    return WebhookEvent.objects.create(
        business=number.business, whatsapp_number=number, field=change["field"], value=change["value"], **fields
    )


def store_text(number, text, **fields):
    return store(number, inbound_text(number, PHONE, text), **fields)


def make_due(event):
    WebhookEvent.objects.filter(pk=event.pk).update(due_at=timezone.now(), lease_until=None)


def wait(event):
    """The seconds that an event waits."""
    event.refresh_from_db()
    return (event.due_at - timezone.now()).total_seconds()


def test_a_processed_event_is_not_due_any_more(number, handled):
    event = store_text(number, "Hi")
    process.process_line(number.pk)
    event.refresh_from_db()
    assert event.processed_at
    assert (event.due_at, event.attempts, event.last_error) == (None, 1, "")


# A handler that takes many at once


@pytest.fixture
def in_threes(monkeypatch):
    """The texts that a handler was given at each call, of which it takes the first three; it fails at "fail"."""
    given = []

    def handle(number, changes):
        given.append([message.text for change in changes for message in change.messages])
        if given[-1][0] == "fail":
            raise KeyError("stumbled")
        return min(3, len(changes)), []

    monkeypatch.setattr(process, "import_string", lambda path: handle)
    return given


def test_a_handler_is_given_what_it_left(number, in_threes):
    events = [store_text(number, text) for text in "abcde"]
    process.process_line(number.pk)
    assert in_threes == [["a", "b", "c", "d", "e"], ["d", "e"]]
    assert WebhookEvent.objects.exclude(processed_at=None).count() == len(events)


def test_what_a_handler_fails_at_is_the_first_that_it_was_given(number, in_threes):
    failing = store_text(number, "fail")
    fine = store_text(number, "fine")
    process.process_line(number.pk)
    assert in_threes == [["fail", "fine"], ["fine"]]
    assert list(WebhookEvent.objects.filter(processed_at=None)) == [failing]
    fine.refresh_from_db()
    assert fine.processed_at


def test_statuses_between_messages_do_not_part_them(number, in_threes):
    row = make_row(number, status="accepted", wamid="wamid.A")
    store_text(number, "one")
    store(number, status_update(number, row.wamid, "delivered"))
    store_text(number, "two")
    process.process_line(number.pk)
    assert in_threes == [["one", "two"]]
    assert not WebhookEvent.objects.filter(processed_at=None).exists()


def test_what_somebody_else_has_by_now_is_not_marked(number, handled):
    event = store_text(number, "Hi")
    claimed = process.claim(number.pk)
    WebhookEvent.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    process.process(claimed)
    event.refresh_from_db()
    assert event.processed_at is None


# What fails


def test_an_event_that_fails_comes_back_and_the_others_go_on(number, stumbling):
    failing = store_text(number, "fail")
    store_text(number, "fine")
    process.process_line(number.pk)
    assert stumbling == ["fine"]
    assert wait(failing) == 5
    assert failing.last_error == "KeyError: 'stumbled'"


def test_an_event_waits_longer_from_failure_to_failure_and_is_parked_after_the_sixth(number, stumbling):
    event, waits = store_text(number, "fail"), []
    for _ in range(5):
        process.process_line(number.pk)
        waits.append(wait(event))
        make_due(event)
    process.process_line(number.pk)
    event.refresh_from_db()
    assert waits == [5, 60, 600, 3600, 6 * 3600]
    assert (event.due_at, event.processed_at) == (None, None)
    assert list(WebhookEvent.objects.parked()) == [event]


def test_an_event_that_fails_once_is_processed_when_it_comes_back(number, stumbling, settings):
    event = store_text(number, "fail")
    process.process_line(number.pk)
    make_due(event)
    settings.WHATSAPP_EVENT_HANDLER = "whatsapp.tests.webhooks.handlers.remember"
    process.process_line(number.pk)
    event.refresh_from_db()
    assert stumbling == ["fail"]
    assert event.processed_at
    assert event.last_error == ""


def test_an_event_that_ends_every_worker_is_parked_in_the_end(number, handled):
    event = store_text(number, "deadly", attempts=process.MAX_ATTEMPTS)
    process.process_line(number.pk)
    assert handled == []
    assert list(WebhookEvent.objects.parked()) == [event]


def test_an_event_that_cannot_be_parsed_at_all_does_not_stop_the_others(number, handled):
    broken = store_text(number, "broken")
    WebhookEvent.objects.update(field="unreadable")
    store_text(number, "fine")
    parse = process.parse

    def stumble(field, value, received_at):
        if field == "unreadable":
            raise TypeError("unreadable")
        return parse(field, value, received_at)

    with patch("whatsapp.webhooks.process.parse", stumble):
        process.process_line(number.pk)
    assert handled == ["fine"]
    assert wait(broken) == 5


def test_elements_that_could_not_be_read_are_named_on_the_event(number, handled):
    payload = inbound_text(number, PHONE, "Hi")
    payload["entry"][0]["changes"][0]["value"]["messages"].append({})
    event = store(number, payload)
    process.process_line(number.pk)
    event.refresh_from_db()
    assert handled == ["Hi"]
    assert event.processed_at
    assert event.last_error == "messages[1]: no id"


def test_the_events_of_a_number_that_is_deleted_meanwhile_are_gone(number):
    store_text(number, "Hi")
    claimed = process.claim(number.pk)
    number.delete()
    process.process(claimed)
    assert not WebhookEvent.objects.exists()


# Statuses


def test_statuses_are_applied_before_the_handler_is_called(number, handled):
    row = make_row(number, status="accepted", wamid="wamid.A")
    store(number, status_update(number, "wamid.A", "delivered"))
    process.process_line(number.pk)
    row.refresh_from_db()
    assert row.status == "delivered"


def test_a_status_of_a_message_that_is_not_here_yet_waits_and_is_matched_later(number, handled):
    event = store(number, status_update(number, "wamid.late", "delivered"))
    process.process_line(number.pk)
    assert wait(event) == 5
    assert "wamid.late" in event.last_error
    row = make_row(number, status="accepted", wamid="wamid.late")
    make_due(event)
    process.process_line(number.pk)
    row.refresh_from_db()
    event.refresh_from_db()
    assert row.status == "delivered"
    assert event.processed_at
    assert event.last_error == ""


def test_a_waiting_status_does_not_hold_up_messages(number, handled):
    store(number, status_update(number, "wamid.late", "delivered"))
    process.process_line(number.pk)
    store_text(number, "Hi")
    process.process_line(number.pk)
    assert handled == ["Hi"]


def test_a_status_waits_at_growing_distances_and_for_a_day_at_most(number, handled):
    event, waits = store(number, status_update(number, "wamid.other", "sent")), []
    for _ in range(6):
        process.process_line(number.pk)
        waits.append(wait(event))
        make_due(event)
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=24))
    process.process_line(number.pk)
    event.refresh_from_db()
    assert waits == [5, 60, 600, 3600, 6 * 3600, 24 * 3600]
    assert event.processed_at
    assert event.last_error == "There is no message wamid.other here."


def test_statuses_that_cannot_be_applied_together_are_applied_event_by_event(number, handled):
    rows = [make_row(number, status="accepted", wamid=new_wamid()) for _ in range(3)]
    stored = [store(number, status_update(number, row.wamid, "delivered")) for row in rows]
    apply = process.statuses.apply

    def stumble(number, updates):
        if rows[1].wamid in {update.wamid for update in updates}:
            raise DatabaseError("poison")
        return apply(number, updates)

    with patch("whatsapp.webhooks.process.statuses.apply", stumble):
        process.process_line(number.pk)
    for row in rows:
        row.refresh_from_db()
    assert [row.status for row in rows] == ["delivered", "accepted", "delivered"]
    assert wait(stored[1]) == 5


# Tasks


def test_the_tick_finds_events_whose_task_was_lost(number, handled):
    store_text(number, "one")
    store_text(make_number(number.business), "two")
    tasks.process_due_events()
    assert sorted(handled) == ["one", "two"]


def test_the_tick_leaves_events_that_wait(number, handled):
    store_text(number, "Hi", due_at=timezone.now() + timedelta(minutes=1), last_error="KeyError")
    tasks.process_due_events()
    assert handled == []


def test_processed_events_are_forgotten_after_thirty_days(number):
    now = timezone.now()
    store_text(number, "old", processed_at=now - timedelta(days=31), due_at=None)
    kept = [
        store_text(number, "recent", processed_at=now - timedelta(days=29), due_at=None),
        store_text(number, "parked", received_at=now - timedelta(days=99), due_at=None),
    ]
    assert registry.prune()[process.JOB.name] == 1
    assert list(WebhookEvent.objects.order_by("pk")) == kept


def test_finding_due_events_uses_an_index():
    assert "webhook_event_due" in plan(WebhookEvent.objects.due().order_by().values("whatsapp_number"))


# manage.py replay_webhooks


def replay(capsys, **options):
    call_command("replay_webhooks", **options)
    tasks.process_due_events()
    return capsys.readouterr().out


def test_parked_events_are_processed_again(number, handled, capsys):
    store_text(number, "parked", due_at=None, last_error="KeyError", attempts=6)
    store_text(number, "done", due_at=None, processed_at=timezone.now())
    assert replay(capsys).startswith("1 ")
    assert handled == ["parked"]


def test_all_events_of_a_number_are_processed_again(number, handled, capsys):
    other = make_number(number.business)
    for target in (number, other):
        store_text(target, target.name, due_at=None, processed_at=timezone.now())
    replay(capsys, number=number.pk)
    assert handled == [number.name]


def test_all_events_since_a_time_are_processed_again(number, handled, capsys):
    for text, received in (("before", "2026-11-21T12:00Z"), ("after", "2026-11-23T12:00Z")):
        store_text(number, text, due_at=None, processed_at=timezone.now(), received_at=received)
    replay(capsys, since="2026-11-22")
    assert handled == ["after"]


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", ""])
def test_a_time_that_is_none_is_refused(since):
    with pytest.raises(CommandError, match="2026-11-22"):
        call_command("replay_webhooks", since=since)


def test_an_unknown_number_is_refused():
    with pytest.raises(CommandError, match="1000000"):
        call_command("replay_webhooks", number=1_000_000)


# A database from a backup


def test_all_that_waits_is_recorded_by_the_handler_of_the_restore(number):
    waiting = [store_text(number, "due"), store_text(number, "again", last_error="It failed.", due_at=later())]
    store_text(number, "done", due_at=None, processed_at=timezone.now())
    recorded = []

    def record(number, changes):
        recorded.extend(message.text for message in changes[0].messages)
        return 1, []

    process.record_waiting(record)
    assert recorded == ["due", "again"]
    assert set(WebhookEvent.objects.filter(pk__in=[event.pk for event in waiting]).values_list("due_at")) == {(None,)}


def later():
    return timezone.now() + timedelta(hours=1)


def test_what_a_restore_cannot_record_is_parked(number, stumbling):
    failing = store_text(number, "fail")
    process.record_waiting(handlers.stumble)
    assert list(WebhookEvent.objects.parked()) == [failing]


# --- What is not acted on ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        lambda number: payload_of(number, value_of(number, history=[{}]), "history"),
        lambda number: payload_of(number, value_of(number, state_sync=[{}]), "smb_app_state_sync"),
        lambda number: payload_of(number, value_of(number, messages=[message_from(PHONE, "text", {})]), "history"),
        lambda number: payload_of(number, {"anything": 1}, "a_field_of_tomorrow"),
        lambda number: payload_of(number, value_of(number, errors=[{"code": 1}])),
        lambda number: inbound_text(number, PHONE, "Hi", group_id="Y2FwaV9ncm91cDox"),
        lambda number: status_update(number, "wamid.A", "deleted"),
    ],
)
def test_a_change_without_any_effect_is_marked_as_not_acted_on(number, handled, payload):
    event = store(number, payload(number))

    process.process_line(number.pk)

    event.refresh_from_db()
    assert (event.acted_on, event.processed_at, event.due_at, handled) == (False, timezone.now(), None, [])


@pytest.mark.parametrize(
    "payload",
    [
        lambda number: inbound_text(number, PHONE, "Hi"),
        lambda number: echo_of_text(number, PHONE, "Hi"),
        lambda number: call_event(number, PHONE, "connect"),
        lambda number: payload_of(number, {"event": "ONBOARDING"}, "phone_number_quality_update"),
        lambda number: inbound(
            number,
            PHONE,
            message_from(PHONE, "text", {"body": "in a group"}, group_id="Y2FwaV9ncm91cDox"),
            message_from(PHONE, "text", {"body": "Hi"}),
        ),
    ],
)
def test_a_change_with_an_effect_is_not(number, handled, payload):
    event = store(number, payload(number))

    process.process_line(number.pk)

    event.refresh_from_db()
    assert (event.acted_on, event.processed_at) == (True, timezone.now())


def test_a_replayed_event_is_marked_anew(number, handled):
    event = store(number, inbound_text(number, PHONE, "Hi"), due_at=None, processed_at=timezone.now(), acted_on=False)

    process.replay(WebhookEvent.objects.all())
    process.process_line(number.pk)

    event.refresh_from_db()
    assert event.acted_on
