"""Ordinary messages are recorded together; what is stored is what `recording.record` stores of each change alone."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.deletion import deletion
from accounts.models import Business
from accounts.testing import make_business
from crm.conversations import ordinary, recording
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation, make_customer, make_inbound, make_message
from whatsapp.models import WebhookEvent
from whatsapp.testing import (
    call_event,
    echo_of_text,
    inbound,
    inbound_text,
    make_number,
    message_from,
    payload_of,
    status_update,
    value_of,
)
from whatsapp.webhooks import process

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def number():
    return make_number(make_business())


def store(number, payload):
    [change] = payload["entry"][0]["changes"]
    return WebhookEvent.objects.create(business=number.business, whatsapp_number=number, **change)


def make_known(number, count=1, **fields):
    """The phones of customers who have written before."""
    return [
        make_conversation(number, make_customer(number.business, name="Anna"), **fields).customer.phone
        for _ in range(count)
    ]


# --- As by itself ----------------------------------------------------------------------------------------------

KNOWN, CLOSED, NAMELESS, WITH_USER_ID, SILENT, BRAZILIAN, TWIN, STRANGER = PHONES = (
    *("+79160000001", "+79160000002", "+79160000003", "+79160000004", "+79160000005"),
    *("+5511990009045", "+551190009045", "+79160000009"),
)


def make_world():
    """A number, and people who are known in all sorts of ways, also to others."""
    business = make_business()
    number, other = make_number(business, phone_number="+74951234567"), make_number(business)
    people = {
        KNOWN: {"name": "Anna"},
        CLOSED: {"name": "Boris", "opted_out_at": NOW - timedelta(days=1)},
        NAMELESS: {},
        WITH_USER_ID: {"name": "Vera", "whatsapp_user_id": "RU.4", "username": "vera"},
        SILENT: {"name": "Gleb"},
        BRAZILIAN: {"name": "Duda"},
    }
    made = {phone: make_customer(business, phone=phone, **fields) for phone, fields in people.items()}
    ago = NOW - timedelta(hours=1)
    make_conversation(number, made[KNOWN], unread=2, is_shown_read=True, last_inbound_at=ago, last_message_at=ago)
    make_conversation(number, made[CLOSED], status="closed", last_inbound_at=None, last_message_at=ago)
    for phone in (NAMELESS, WITH_USER_ID, BRAZILIAN):
        make_conversation(number, made[phone], bot_paused=True, last_message_at=NOW + timedelta(hours=1))
    make_conversation(other, made[KNOWN], unread=7)
    make_conversation(make_number(make_business()), make_customer(phone=STRANGER), unread=9)
    return number


def text(phone, **fields):
    return lambda number, wamid, at: inbound_text(number, phone, "Добрый день", wamid, timestamp=at, **fields)


def said(phone, kind, content, **fields):
    return lambda number, wamid, at: inbound(number, phone, message_from(phone, kind, content, wamid, at, **fields))


def two_texts(first, second):
    """Of two people in one change."""

    def payload(number, wamid, at):
        texts = [message_from(phone, "text", {"body": phone}, f"{wamid}.{phone}", at) for phone in (first, second)]
        return payload_of(number, value_of(number, messages=texts))

    return payload


ORDINARY = [
    *(text(phone) for phone in PHONES),
    text(KNOWN, name="Another name"),
    text(WITH_USER_ID, from_user_id="RU.4"),
    text(KNOWN, context={"id": "wamid.of-ours"}),
    said(KNOWN, "button", {"text": "Yes", "payload": "yes"}),
    said(CLOSED, "location", {"latitude": 55.7, "longitude": 37.6}),
    said(KNOWN, "unheard_of", {}),
    two_texts(KNOWN, CLOSED),
]
UNUSUAL = [
    text(WITH_USER_ID, from_user_id="RU.5"),
    text(KNOWN, from_user_id="RU.4"),
    text(KNOWN, name=""),
    text(KNOWN, referral={"source_id": "1", "headline": "Tea"}),
    said(KNOWN, "text", {"body": "стоп"}),
    said(CLOSED, "text", {"body": "старт"}),
    said(KNOWN, "image", {"id": "1", "mime_type": "image/png", "caption": "This"}),
    said(CLOSED, "reaction", {"message_id": "wamid.of-ours", "emoji": "👍"}),
    said(KNOWN, "system", {"type": "user_changed_number", "wa_id": STRANGER.lstrip("+")}),
    two_texts(KNOWN, STRANGER),
    lambda number, wamid, at: echo_of_text(number, KNOWN, "From the phone", wamid, timestamp=at),
    lambda number, wamid, at: call_event(number, CLOSED, "terminate", wamid),
    lambda number, wamid, at: status_update(number, "wamid.of-nobody", "read"),
]

#: What came: (which of the above, the number of its id, minutes from now).
came = st.tuples(st.integers(0, len(ORDINARY + UNUSUAL) - 1), st.integers(0, 30), st.sampled_from([0, -90, -5, 60]))


def one_by_one(number, changes):
    return 1, recording.record(number, changes[0])


def rows_after(handle, batches):
    """What is stored, but for ids, when `handle` is given these batches; and what it returned."""
    number = make_world()
    answers = []
    for batch in batches:
        for kind, serial, minutes in batch:
            store(number, (ORDINARY + UNUSUAL)[kind](number, f"wamid.{serial}", NOW + timedelta(minutes=minutes)))
        conversation_ids = dict.fromkeys(process.process(process.claim(number.pk), handle))
        phones = dict(Conversation.objects.values_list("pk", "customer__phone"))
        # Of those that were merged into others nothing is left.
        answers.append([phones.get(pk) for pk in conversation_ids])
    return answers, [rows_of(model, number) for model in (Customer, Conversation, Message, WebhookEvent)]


#: The columns that are ids, or say whose world it is.
IDS = {"id", "business_id", "whatsapp_number_id", "customer_id", "conversation_id", "source_pk"}


def rows_of(model, number):
    rows = model.objects.filter(business=number.business).order_by("pk")
    columns = [field.attname for field in model._meta.concrete_fields if field.attname not in IDS - {"customer_id"}]
    firsts = {}
    for row in rows:
        values = {column: getattr(row, column) for column in columns if column not in ("customer_id", "value")}
        if model is Conversation:
            values["of"] = (row.customer.phone, row.customer.whatsapp_user_id, row.whatsapp_number_id == number.pk)
        if model is Message:
            values["of"] = firsts.setdefault(row.conversation_id, row.conversation.customer.phone)
        yield values


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(came, min_size=1, max_size=8), min_size=1, max_size=3))
def test_a_batch_is_recorded_as_each_of_its_changes_would_be_by_itself(db, batches):
    before = transaction.savepoint()
    with time_machine.travel(NOW, tick=False):
        together, apart = rows_after(recording.record_first, batches), rows_after(one_by_one, batches)
        assert together[0] == apart[0]
        assert [list(rows) for rows in together[1]] == [list(rows) for rows in apart[1]]
    transaction.savepoint_rollback(before)


def test_every_ordinary_message_is_recorded_as_by_itself(db):
    """In one batch, so that none is left out by chance; what is unusual stands between them in another."""
    kinds = range(len(ORDINARY + UNUSUAL))
    ordinary_ones = [(kind, kind, 0) for kind in range(len(ORDINARY))]
    mixed = list(itertools.chain.from_iterable([(0, 100 + kind, -5), (kind, 200 + kind, 0)] for kind in kinds))
    with time_machine.travel(NOW, tick=False):
        together = rows_after(recording.record_first, [ordinary_ones, mixed])
        apart = rows_after(one_by_one, [ordinary_ones, mixed])
        assert together[0] == apart[0]
        assert [list(rows) for rows in together[1]] == [list(rows) for rows in apart[1]]


# --- At what cost ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 2, process.BATCH])
def test_the_number_of_statements_does_not_depend_on_how_many_came(number, count, django_assert_num_queries):
    phones = make_known(number, count)
    for phone in phones:
        store(number, inbound_text(number, phone, "Добрый день"))

    with django_assert_num_queries(10):
        # To claim: begin, the number, the events, commit. Then: begin, the conversations, insert the messages, the
        # conversations' news, commit. The events are processed.
        follow_ups = process.process(process.claim(number.pk), recording.record_first)

    assert len(follow_ups) == count == Message.objects.count()


def test_several_messages_of_one_customer_add_up(number):
    [phone] = make_known(number, unread=2)
    for place in range(3):
        store(number, inbound_text(number, phone, str(place)))

    process.process(process.claim(number.pk), recording.record_first)

    assert Conversation.objects.get().unread == 5
    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == ["0", "1", "2"]


# --- What is ordinary ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text", "button", "interactive", "order", "contacts", "location", "unheard_of"])
def test_what_somebody_says_is_ordinary(kind):
    assert ordinary.is_ordinary(make_inbound(type=kind), Business())


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "image"},
        {"type": "reaction"},
        {"type": "system"},
        {"text": "stop"},
        {"text": "start"},
        {"phone": None, "sender_user_id": "US.1"},
        {"new_phone": "+79169998877"},
        {"new_user_id": "US.2"},
    ],
)
def test_what_does_more_than_to_say_something_is_not(fields):
    assert not ordinary.is_ordinary(make_inbound(**fields), Business())


@pytest.mark.parametrize("fields", [{"sender_user_id": "US.1"}, {"username": "anna"}])
def test_who_has_news_is_not_known(fields):
    customer = Customer(phone="+79161234567", name="Anna")
    assert not ordinary.is_known(make_inbound(**fields), customer)
    assert ordinary.is_known(make_inbound(), customer)


def test_who_may_have_a_twin_is_not_known():
    phone = "+551190009045"
    customer = Customer(phone=phone, name="Duda", canonical_phone=phone)
    assert not ordinary.is_known(make_inbound(phone), customer)
    customer.derive()
    customer.canonical_phone = "+5511990009045"
    assert ordinary.is_known(make_inbound(phone), customer)


# --- What fails ------------------------------------------------------------------------------------------------


def test_one_that_cannot_be_recorded_does_not_stop_the_others(number):
    phones = make_known(number, 9)
    events = [store(number, inbound_text(number, phone, phone)) for phone in phones]
    make = ordinary.new_message

    def stumble(conversation, message):
        if message.text == phones[4]:
            raise DatabaseError("poison")
        return make(conversation, message)

    with patch("crm.conversations.ordinary.new_message", stumble):
        process.process(process.claim(number.pk), recording.record_first)

    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == phones[:4] + phones[5:]
    assert list(WebhookEvent.objects.filter(processed_at=None)) == [events[4]]
    assert set(Conversation.objects.values_list("unread", flat=True)) == {0, 1}


def test_nothing_is_recorded_twice_when_a_batch_comes_again(number):
    phones = make_known(number, 3)
    for phone in phones:
        store(number, inbound_text(number, phone, "Hi"))
    events = process.claim(number.pk)

    assert len(process.process(events, recording.record_first)) == 3
    assert process.process(events, recording.record_first) == []

    assert Message.objects.count() == 3
    assert set(Conversation.objects.values_list("unread", flat=True)) == {1}


# --- At the same moment ----------------------------------------------------------------------------------------


def in_threads(*works):
    """Do these at once."""
    begin = threading.Barrier(len(works))

    def run(work):
        begin.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


def changes_of(number, phones):
    payloads = [inbound_text(number, phone, "Hi", f"wamid.{phone}") for phone in phones]
    changes = [payload["entry"][0]["changes"][0] for payload in payloads]
    return [process.parse(change["field"], change["value"]) for change in changes]


@pytest.mark.django_db(transaction=True)
def test_workers_that_have_the_same_messages_record_each_once(number):
    changes = changes_of(number, make_known(number, 20))

    answers = in_threads(
        *[lambda order=order: ordinary.record_first(number, order) for order in (changes, changes[::-1]) * 2]
    )

    assert {count for count, _ids in answers} == {20}
    assert sum(len(ids) for _count, ids in answers) == Message.objects.count() == 20
    assert set(Conversation.objects.values_list("unread", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_what_a_turn_writes_meanwhile_is_not_lost(number):
    phones = make_known(number, 3)
    conversation = Conversation.objects.order_by("pk")[1]
    changes, held = changes_of(number, phones), threading.Event()

    def turn():
        with transaction.atomic():
            mine = Conversation.objects.select_for_update().get(pk=conversation.pk)
            held.set()
            time.sleep(0.3)
            mine.unread, mine.in_scenario = 5, True
            mine.save()

    def recording():
        held.wait()
        return ordinary.record_first(number, changes)

    in_threads(turn, recording)

    conversation.refresh_from_db()
    assert (conversation.unread, conversation.in_scenario) == (6, True)
    assert Message.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_whoever_is_deleted_meanwhile_leaves_no_message_and_the_others_stay(number):
    phones = make_known(number, 3)
    customer = Customer.objects.order_by("pk")[1]
    make_message(customer.conversations.get())
    changes, deleted = changes_of(number, phones), threading.Event()

    def deleting():
        with transaction.atomic():
            deletion.delete(customer)
            deleted.set()
            time.sleep(0.3)

    def recording():
        deleted.wait()
        return ordinary.record_first(number, changes)

    _deleting, (count, ids) = in_threads(deleting, recording)

    assert (count, len(ids), Message.objects.count()) == (1, 1, 1)
    assert set(Message.objects.values_list("conversation__customer__phone", flat=True)) == {phones[0]}


def test_a_message_that_is_here_of_another_sender_is_left_alone(number):
    [phone] = make_known(number)
    make_message(make_conversation(number), "before", wamid=f"wamid.{phone}")

    assert ordinary.record_first(number, changes_of(number, [phone])) == (1, [])
    assert Message.objects.get().text == "before"
    assert timezone.now() > Conversation.objects.latest("pk").last_message_at
