from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.testing import make_business
from whatsapp.sending import statuses
from whatsapp.sending.statuses import Pricing
from whatsapp.testing import make_number
from whatsapp.tests.rows import make_broadcast_row, make_conversation, make_row, message_model, new_row
from whatsapp.webhooks.parsing import StatusUpdate

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = {"sent": 0, "failed": 1, "delivered": 2, "read": 3, "played": 4, "deleted": 5}


@pytest.fixture
def number():
    return make_number(make_business())


def update(wamid, status, **fields):
    return StatusUpdate(wamid, status, NOON + timedelta(minutes=LATER[status]), **fields)


def test_times_are_metas(number):
    row = make_row(number, status="accepted", wamid="wamid.A")
    statuses.apply(number, [update("wamid.A", status) for status in ("sent", "delivered", "read")])
    row.refresh_from_db()
    assert (row.status, row.sent_at, row.delivered_at, row.read_at) == (
        "read",
        NOON,
        NOON + timedelta(minutes=2),
        NOON + timedelta(minutes=3),
    )


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])), ids=" ".join)
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_whatever_the_order_the_furthest_status_stays(number, order, together):
    row = make_row(number, status="accepted", wamid="wamid.A")
    updates = [update("wamid.A", status) for status in order]
    for batch in [updates] if together else [[each] for each in updates]:
        statuses.apply(number, batch)
    row.refresh_from_db()
    assert row.status == "read"
    assert row.sent_at and row.delivered_at and row.read_at


@pytest.mark.parametrize(
    ("before", "reported", "after"),
    [
        ("accepted", "sent", "sent"),
        ("sent", "failed", "failed"),
        ("failed", "sent", "failed"),
        ("failed", "delivered", "delivered"),
        ("delivered", "failed", "delivered"),
        ("read", "delivered", "read"),
        ("delivered", "played", "read"),
        ("unknown", "sent", "sent"),
        ("sending", "delivered", "delivered"),
        ("accepted", "deleted", "accepted"),
    ],
)
def test_a_status_moves_a_message_forward_only(number, before, reported, after):
    row = make_row(number, status=before, wamid="wamid.A")
    statuses.apply(number, [update("wamid.A", reported)])
    row.refresh_from_db()
    assert row.status == after


def test_a_failure_has_metas_code_and_a_sentence_in_the_language_of_the_business(number):
    number.business.language = "en"
    row = make_row(number, status="sent", wamid="wamid.A")
    statuses.apply(number, [update("wamid.A", "failed", error_code=131049, error_title="Not delivered.")])
    row.refresh_from_db()
    assert row.error_code == 131049
    assert row.error_title.startswith("Meta holds back marketing")
    assert row.error_title.endswith("(Meta: 131049, Not delivered.)")


def test_a_message_that_arrives_after_all_has_no_error(number):
    row = make_row(number, status="failed", wamid="wamid.A", error_code=131026, error_title="Undeliverable")
    statuses.apply(number, [update("wamid.A", "delivered")])
    row.refresh_from_db()
    assert (row.error_code, row.error_title) == (None, "")


def test_a_message_that_meta_reports_about_before_it_answers_was_accepted(number):
    row = make_row(number, status="sending", token="t" * 32)
    statuses.apply(number, [update("wamid.A", status, token="t" * 32) for status in ("delivered", "sent")])
    row.refresh_from_db()
    assert row.accepted_at == NOON


def test_the_time_of_metas_answer_stays(number):
    row = make_row(number, status="accepted", wamid="wamid.A", accepted_at=NOON - timedelta(seconds=1))
    statuses.apply(number, [update("wamid.A", "delivered")])
    row.refresh_from_db()
    assert row.accepted_at == NOON - timedelta(seconds=1)


@pytest.mark.parametrize("status", ["sending", "unknown", "queued"])
def test_the_echoed_token_tells_what_became_of_a_send_whose_answer_was_lost(number, status):
    row = make_row(number, status=status, token="t" * 32, lease_until=NOON, due_at=NOON)
    assert statuses.apply(number, [update("wamid.A", "sent", token="t" * 32)]) == set()
    row.refresh_from_db()
    assert (row.status, row.wamid, row.lease_until, row.due_at) == ("sent", "wamid.A", None, None)


def test_a_token_does_not_change_the_wamid_a_message_has(number):
    row = make_row(number, status="accepted", token="t" * 32, wamid="wamid.A")
    assert statuses.apply(number, [update("wamid.B", "sent", token="t" * 32)]) == {"wamid.B"}
    row.refresh_from_db()
    assert (row.status, row.wamid) == ("accepted", "wamid.A")


def test_wamids_that_no_message_has_are_returned(number):
    make_row(number, status="accepted", wamid="wamid.A")
    updates = [update("wamid.A", "sent"), update("wamid.B", "sent", token="unknown")]
    assert statuses.apply(number, updates) == {"wamid.B"}


def test_the_wamid_of_another_numbers_message_is_unknown(number):
    row = make_row(make_number(number.business), status="accepted", wamid="wamid.A", token="t" * 32)
    assert statuses.apply(number, [update("wamid.A", "sent", token="t" * 32)]) == {"wamid.A"}
    row.refresh_from_db()
    assert row.status == "accepted"


def test_an_inbound_message_stays_received(number):
    conversation = make_conversation(number)
    row = message_model().objects.create(
        business=number.business,
        whatsapp_number=number,
        conversation=conversation,
        direction="in",
        origin="customer",
        status="received",
        wamid="wamid.A",
    )
    statuses.apply(number, [update("wamid.A", "read")])
    row.refresh_from_db()
    assert row.status == "received"


def test_every_model_of_the_ledger_has_its_statuses(number):
    message = make_row(number, status="accepted", wamid="wamid.A")
    recipient = make_broadcast_row(number, wamid="wamid.B")
    lost = make_broadcast_row(number, status="unknown", token="t" * 32)
    updates = [update("wamid.A", "read"), update("wamid.B", "sent"), update("wamid.C", "delivered", token="t" * 32)]
    assert statuses.apply(number, updates) == set()
    for row in (message, recipient, lost):
        row.refresh_from_db()
    assert [message.status, recipient.status, lost.status] == ["read", "sent", "delivered"]


MARKETING = Pricing("marketing", "regular", True, "PMP")
FREE = Pricing("service", "free_customer_service", False, "PMP")


@pytest.mark.parametrize("make", [make_row, make_broadcast_row], ids=["message", "broadcast"])
def test_what_meta_charges_and_where_it_delivers_to_are_kept(number, make):
    row = make(number, status="accepted", wamid="wamid.A")
    statuses.apply(number, [update("wamid.A", "sent", pricing=MARKETING, recipient="+77011234567")])
    row.refresh_from_db()
    assert row.pricing == {"category": "marketing", "type": "regular", "billable": True, "model": "PMP"}
    assert row.recipient_country == "KZ"


def test_a_message_of_which_meta_names_no_price_has_none(number):
    row = make_row(number, status="accepted", wamid="wamid.A")
    statuses.apply(number, [update("wamid.A", "sent")])
    row.refresh_from_db()
    assert (row.pricing, row.recipient_country) == (None, None)


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
@pytest.mark.parametrize("priced", ["sent", "delivered", "read"])
def test_a_price_is_kept_whichever_status_has_it(number, priced, together):
    row = make_row(number, status="accepted", wamid="wamid.A")
    updates = [
        update("wamid.A", status, pricing=MARKETING if status == priced else None)
        for status in ("sent", "delivered", "read")
    ]
    for batch in [updates] if together else [[each] for each in updates]:
        statuses.apply(number, batch)
    row.refresh_from_db()
    assert (row.status, row.pricing_category) == ("read", "marketing")


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered"])), ids=" ".join)
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_of_two_prices_that_of_the_further_status_holds_as_a_whole(number, order, together):
    row = make_row(number, status="accepted", wamid="wamid.A")
    prices = {"sent": MARKETING, "delivered": FREE}
    updates = [update("wamid.A", status, pricing=prices[status]) for status in order]
    for batch in [updates] if together else [[each] for each in updates]:
        statuses.apply(number, batch)
    row.refresh_from_db()
    assert row.pricing == {"category": "service", "type": "free_customer_service", "billable": False, "model": "PMP"}


def test_a_late_status_adds_the_price_that_was_not_named_before(number):
    row = make_row(number, status="read", wamid="wamid.A")
    statuses.apply(number, [update("wamid.A", "sent", pricing=MARKETING)])
    row.refresh_from_db()
    assert (row.status, row.pricing_category) == ("read", "marketing")


def test_prices_cost_no_statement(number):
    conversation, wamids = make_conversation(number), [f"wamid.{serial}" for serial in range(20)]
    message_model().objects.bulk_create(
        new_row(number, conversation, status="accepted", wamid=wamid) for wamid in wamids
    )
    counts = []
    for pricing in (None, MARKETING):
        with CaptureQueriesContext(connection) as queries:
            statuses.apply(number, [update(wamid, "sent", pricing=pricing) for wamid in wamids])
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert message_model().objects.filter(pricing_category="marketing").count() == 20


def test_a_thousand_statuses_take_ten_statements_at_most(number):
    conversation, wamids = make_conversation(number), [f"wamid.{serial}" for serial in range(1000)]
    message_model().objects.bulk_create(
        new_row(number, conversation, status="accepted", wamid=wamid) for wamid in wamids
    )
    with CaptureQueriesContext(connection) as queries:
        assert statuses.apply(number, [update(wamid, "delivered", token=wamid) for wamid in wamids]) == set()
    assert len(queries) <= 10
    assert message_model().objects.filter(status="delivered").count() == 1000
