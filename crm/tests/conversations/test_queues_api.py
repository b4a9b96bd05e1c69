"""Programs find conversations as people do, and set them aside."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.testing import make_colleague
from crm.customers import customers
from crm.models import Conversation
from crm.testing import make_conversation, make_customer, make_message
from crm.tests.calls import path, post, signed_in

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def found(api, **query):
    answer = api.get(path("conversations"), query)
    assert answer.status_code == 200, answer.data
    return {row["id"] for row in answer.data["results"]}


def test_those_that_wait_for_a_person_are_told_apart(api, number):
    waiting = make_conversation(number, waiting_since=NOW)
    answered = make_conversation(number)

    assert found(api, waiting="true") == {waiting.pk}
    assert found(api, waiting="false") == {answered.pk}
    row = api.get(path("conversations", waiting.pk)).data
    assert row["waiting_since"] == "2026-12-01T09:00:00Z"


def test_a_queue_is_the_callers_own(api, owner, number):
    colleague = make_colleague(owner)
    ours, theirs = make_conversation(number, assignee=owner), make_conversation(number, assignee=colleague)

    assert found(api, queue="mine") == {ours.pk}
    assert found(signed_in(colleague), queue="mine") == {theirs.pk}


def test_what_is_snoozed_is_in_no_other_queue(api, number):
    snoozed = make_conversation(number, snoozed_until=timezone.now() + timedelta(hours=1))
    came_back = make_conversation(number, snoozed_until=timezone.now() - timedelta(hours=1))

    assert found(api, queue="snoozed") == {snoozed.pk}
    assert found(api, queue="open") == {came_back.pk}
    assert api.get(path("conversations", snoozed.pk)).data["snoozed_until"]
    assert api.get(path("conversations", came_back.pk)).data["snoozed_until"] is None


def test_windows_that_close_soon_are_found(api, number):
    now = timezone.now()
    make_conversation(number, last_inbound_at=now)
    closing = make_conversation(number, last_inbound_at=now - timedelta(hours=23))
    make_conversation(number, last_inbound_at=now - timedelta(hours=25))

    assert found(api, closing_within=120) == {closing.pk}


def test_conversations_are_found_by_a_tag_of_the_customer(api, number):
    conversation = make_conversation(number)
    make_conversation(number)
    customers.add_tags(conversation.customer, ["Опт"])

    assert found(api, tag="опт") == {conversation.pk}


@pytest.mark.parametrize("typed", ["Жданова", "8 916 700-00-01", "доставки"])
def test_conversations_are_found_by_name_phone_and_words(api, number, typed):
    customer = make_customer(number.business, name="Юлия Жданова", phone="+79167000001")
    conversation = make_conversation(number, customer)
    make_message(conversation, "Есть доставка?")
    make_message(make_conversation(number), "Здравствуйте")
    make_message(text="Есть доставка?")

    assert found(api, search=typed) == {conversation.pk}


@pytest.mark.parametrize(
    "query", [{"waiting": "perhaps"}, {"queue": "theirs"}, {"closing_within": "soon"}, {"closing_within": 0}]
)
def test_a_filter_refuses_what_it_does_not_know(api, query):
    answer = api.get(path("conversations"), query)

    assert answer.status_code == 400
    assert answer.data.keys() == query.keys()


def test_a_conversation_is_snoozed_until_a_time_and_comes_back(api, number):
    conversation = make_conversation(number)
    until = (timezone.now() + timedelta(days=1)).replace(microsecond=0)

    answer = post(api, path("conversations", conversation.pk, "snooze"), {"until": until.isoformat()})
    assert answer.data["snoozed_until"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = post(api, path("conversations", conversation.pk, "snooze"), {"until": None})
    assert answer.data["snoozed_until"] is None


@pytest.mark.parametrize("body", [{}, {"until": "2020-01-01T00:00:00Z"}, {"until": "tomorrow"}])
def test_a_snooze_needs_a_time_to_come(api, number, body):
    conversation = make_conversation(number)

    answer = post(api, path("conversations", conversation.pk, "snooze"), body)
    assert answer.status_code == 400
    assert answer.data.keys() == {"until"}
    assert not Conversation.objects.get(pk=conversation.pk).snoozed_until


def test_unread_is_everybodys_own(api, owner, number):
    operator = signed_in(make_colleague(owner))
    conversation = make_conversation(number, unread=3, inbound_count=3)

    assert post(api, path("conversations", conversation.pk, "read")).data["unread_by_me"] == 0
    assert operator.get(path("conversations", conversation.pk)).data["unread_by_me"] == 1
    Conversation.objects.update(inbound_count=5)
    assert api.get(path("conversations", conversation.pk)).data["unread_by_me"] == 2
    assert post(operator, path("conversations", conversation.pk, "unread")).data["unread_by_me"] == 1


def test_strangers_neither_snooze_nor_read(api):
    conversation = make_conversation()

    for verb in ("snooze", "read", "unread"):
        assert post(api, path("conversations", conversation.pk, verb), {"until": None}).status_code == 404


def queries_of(api, **query):
    # What the caller may do is asked once.
    found(api)
    with CaptureQueriesContext(connection) as queries:
        found(api, **query)
    return len(queries)


@pytest.mark.parametrize("query", [{}, {"queue": "open"}, {"search": "заказ"}, {"tag": "vip"}, {"waiting": "true"}])
def test_a_list_takes_as_many_queries_however_long(api, number, query):
    make_message(make_conversation(number), "Заказ")
    few = queries_of(api, **query)
    for _ in range(3):
        make_message(make_conversation(number), "Заказ")

    assert queries_of(api, **query) == few


def test_a_queue_comes_in_its_own_order(api, number):
    now = timezone.now()
    waits = [make_conversation(number, waiting_since=now - timedelta(minutes=minutes)) for minutes in (1, 9, 5)]
    rows = api.get(path("conversations"), {"queue": "waiting"}).data["results"]
    assert [row["id"] for row in rows] == [waits[1].pk, waits[2].pk, waits[0].pk]
