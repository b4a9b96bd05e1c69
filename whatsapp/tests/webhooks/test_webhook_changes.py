"""Each change of a webhook is stored, or skipped, by itself."""

import json
from unittest.mock import patch

import pytest
from django.db import DataError, IntegrityError

from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.testing import inbound_text, make_number, payload_of, post_webhook
from whatsapp.webhooks import tasks
from whatsapp.webhooks.parsing import parse

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


@pytest.fixture
def number():
    return make_number(make_business())


def texts():
    events = WebhookEvent.objects.filter(field="messages").order_by("pk")
    return [event.value["messages"][0]["text"]["body"] for event in events]


def between_good_ones(number, change):
    """A POST with a change between two messages."""
    first, last = inbound_text(number, PHONE, "first"), inbound_text(number, PHONE, "last")
    entry = {"id": number.waba_id, "changes": [change]}
    return {**first, "entry": [first["entry"][0], entry, last["entry"][0]]}


@pytest.mark.parametrize(
    "change",
    [
        {"field": "account_update"},
        {"field": "account_update", "value": None},
        {"field": "account_update", "value": []},
        {"field": "account_update", "value": 7},
        {"field": "account_update", "value": "text"},
        {"field": "account_update", "value": {"event": 10**40}},
        {"field": "f" * 300, "value": {}},
        {"field": "\0\ud800", "value": {"\0": "\0\ud800"}},
        {"field": {"a": 1}, "value": {}},
        {},
    ],
    ids=str,
)
def test_a_strange_change_is_kept_and_costs_no_other(client, number, change):
    response = post_webhook(client, between_good_ones(number, change), number.app_secret)
    assert (response.status_code, texts()) == (200, ["first", "last"])
    assert WebhookEvent.objects.count() == 3
    tasks.process_due_events()
    assert WebhookEvent.objects.filter(processed_at=None).count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", [IntegrityError, DataError])
def test_what_the_database_does_not_take_is_skipped_alone(client, number, trouble, caplog):
    insert = WebhookEvent.save

    def refuse_middle(event, **options):
        if event.field == "security":
            raise trouble("no such row")
        insert(event, **options)

    payload = between_good_ones(number, {"field": "security", "value": {"event": "PIN_CHANGED"}})
    with (
        patch.object(WebhookEvent.objects, "bulk_create", side_effect=trouble),
        patch.object(WebhookEvent, "save", refuse_middle),
    ):
        assert post_webhook(client, payload, number.app_secret).status_code == 200
    assert texts() == ["first", "last"]
    assert f"A change of number {number.pk} (security) could not be stored" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_number_that_is_deleted_meanwhile_costs_no_other(client, number):
    other = make_number(number.business, app_secret=number.app_secret)
    payload = between_good_ones(number, inbound_text(other, PHONE, "gone")["entry"][0]["changes"][0])
    insert = WebhookEvent.objects.bulk_create

    def delete_first(events):
        other.delete()
        return insert(events)

    with patch.object(WebhookEvent.objects, "bulk_create", side_effect=delete_first):
        assert post_webhook(client, payload, number.app_secret).status_code == 200
    assert texts() == ["first", "last"]


def test_an_element_that_ends_in_a_fault_of_ours_costs_no_other():
    good = {"from": "79161234567", "id": "wamid.1", "timestamp": "1795340000", "type": "text", "text": {"body": "Hi"}}
    with patch("whatsapp.webhooks.parsing._choice_id", side_effect=[KeyError("fault"), None]):
        change = parse("messages", {"messages": [good, {**good, "id": "wamid.2"}]})
    assert [message.wamid for message in change.messages] == ["wamid.2"]
    assert change.errors == ("messages[0]: KeyError",)


def test_an_edit_of_something_that_is_no_type_has_no_words():
    edit = {"message": {"type": ["text"], "text": 1}}
    element = {"from": "79161234567", "id": "wamid.1", "timestamp": "1795340000", "type": "edit", "edit": edit}
    [message] = parse("messages", {"messages": [element]}).messages
    assert message.text == ""


def test_a_change_of_an_account_in_another_shape_is_processed(client, number):
    payload = payload_of(number, {"event": ["x"], "restriction_info": 7, "ban_info": []}, "account_update")
    assert post_webhook(client, json.dumps(payload).encode(), number.app_secret).status_code == 200
    tasks.process_due_events()
    assert WebhookEvent.objects.get().processed_at
