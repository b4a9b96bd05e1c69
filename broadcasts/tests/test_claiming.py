"""A claim of a broadcast's recipients, at the simulated Meta over real HTTP."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from broadcasts.models import BroadcastMessage, claiming
from broadcasts.testing import make_broadcast_message
from broadcasts.tests.sending import calls_at_once, claims, deliver, statuses
from crm.customers.customers import opt_out
from crm.testing import make_customer
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile, WhatsAppNumber
from whatsapp.sending import ledger, send_gate
from whatsapp.sending.lanes import BulkLane
from whatsapp.sending.outcomes import accepted
from whatsapp.testing import answers_together, make_number, make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


# What the number may do, at the moment of each claim

CHANGES = {
    "inactive": lambda number: WhatsAppNumber.objects.update(is_active=False),
    "paused": lambda number: WhatsAppNumber.objects.update(paused_until=timezone.now() + timedelta(minutes=1)),
    "suspended": lambda number: type(number.business).objects.update(is_suspended=True),
    "plan ended": lambda number: type(number.business.subscription).objects.update(ends_at=timezone.now()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_stops_the_number_acts_before_the_next_claim(number, make_sending, change):
    broadcast = make_sending(number, people=4)
    with calls_at_once(2), answers_together(), claims(lambda: CHANGES[change](number)):
        deliver(number)
    assert statuses(broadcast) == ["accepted"] * 2 + ["planned"] * 2


def test_a_number_that_has_changed_is_read_again_by_the_next_claim(number, make_sending):
    make_sending(number, people=2)
    lane = BulkLane(BroadcastMessage, number.pk)
    assert lane.is_open()
    [first] = lane.claim(1)
    assert lane.request(first).headers["Authorization"] == f"Bearer {number.access_token}"
    number.access_token = "EAAnew"
    number.save()
    [second] = lane.claim(1)
    assert lane.request(second).headers["Authorization"] == "Bearer EAAnew"


def test_a_template_that_is_read_anew_is_sent_as_it_is_then(number, meta, make_sending):
    template = make_template(number, "20 % off.")
    broadcast = make_sending(number, 2, template=template)

    def change_template():
        template.components = [{"type": "BODY", "text": "{{1}}, 20 % off."}]
        template.save()
        broadcast.messages.update(parameters={"1": "Anna"})
        meta.approve(template)

    with calls_at_once(1), answers_together(), claims(change_template):
        deliver(number)
    assert ["components" in body["template"] for body in meta.sends] == [False, True]


def test_who_opts_out_while_it_is_sent_is_skipped(number, make_sending):
    broadcast = make_sending(number, people=3)
    last = broadcast.messages.order_by("pk").last()
    with calls_at_once(1), answers_together(), claims(lambda: opt_out(last.customer)):
        deliver(number)
    last.refresh_from_db()
    assert statuses(broadcast) == ["accepted", "accepted", "skipped"]
    assert (last.skip_reason, last.token, last.attempts, last.lease_until) == ("opted_out", None, 0, None)


def test_claimed_recipients_are_sending_with_a_token_and_a_lease(number, make_sending):
    broadcast = make_sending(number, people=3)
    lane = BulkLane(BroadcastMessage, number.pk)
    assert lane.is_open()
    claimed = lane.claim(2)
    rows = list(broadcast.messages.order_by("pk"))
    assert [(row.pk, row.token, row.attempts) for row in claimed] == [(row.pk, row.token, 1) for row in rows[:2]]
    assert [row.status for row in rows] == ["sending", "sending", "planned"]
    assert all(len(row.token) == 32 and row.lease_until > timezone.now() for row in rows[:2])
    assert [row.pk for row in lane.claim(2)] == [rows[2].pk]


def test_a_claim_and_what_became_of_it_are_a_statement_each(number, make_sending):
    broadcast = make_sending(number, people=3)
    lane = BulkLane(BroadcastMessage, number.pk)
    assert lane.is_open()
    lane.claim(1)
    with CaptureQueriesContext(connection) as claiming:
        rows = lane.claim(2)
    now = timezone.now()
    outcomes = [(row, accepted(f"wamid.{row.pk}", now)) for row in rows]
    with CaptureQueriesContext(connection) as settling:
        ledger.settle(outcomes, BroadcastMessage)
    assert len(claiming) == (1 if connection.vendor == "postgresql" else 5)
    assert len(settling) == 1
    assert statuses(broadcast) == ["sending", "accepted", "accepted"]


@pytest.mark.postgresql
def test_a_claim_reads_the_index_of_a_broadcasts_recipients(number, make_sending):
    make_sending(number, people=200)
    values = {**send_gate.known(number.pk), "number": number.pk, "limit": 45, "secret": "a" * 12}
    values |= dict.fromkeys(["now", "lease_until", "files_since"], timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE broadcast_messages")
        cursor.execute(f"EXPLAIN {claiming.filled(claiming.POSTGRESQL)}", values)
        plan = "\n".join(line for [line] in cursor.fetchall())
    assert plan.count("broadcast_message_by_status") == 2


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_was_cut_off_while_it_was_committed_is_taken_back(number, make_sending):
    broadcast = make_sending(number, people=2)
    lane = BulkLane(BroadcastMessage, number.pk)
    assert lane.is_open()
    claim = claiming.Claimer.claim

    def claim_and_lose(*arguments):
        claim(*arguments)
        raise OperationalError("the connection is closed")

    with patch.object(claiming.Claimer, "claim", claim_and_lose), pytest.raises(OperationalError):
        lane.claim(2)
    assert set(broadcast.messages.values_list("status", "attempts", "token")) == {("planned", 0, None)}


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_fails_after_its_commit_is_taken_back(number, make_sending):
    broadcast = make_sending(number, people=2)
    lane = BulkLane(BroadcastMessage, number.pk)
    assert lane.is_open()
    with patch.object(claiming.Claimer, "_keep", side_effect=LookupError), pytest.raises(LookupError):
        lane.claim(2)
    assert set(broadcast.messages.values_list("status", "attempts", "token")) == {("planned", 0, None)}


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_no_part_of_a_transaction(number, make_sending):
    broadcast = make_sending(number, people=1)
    lane = BulkLane(BroadcastMessage, number.pk)
    assert lane.is_open()
    with transaction.atomic(), pytest.raises(RuntimeError):
        lane.claim(1)
    assert statuses(broadcast) == ["planned"]


# The file of a template's header

PICTURE = {"type": "HEADER", "format": "IMAGE"}


@pytest.fixture
def file(number):
    upload = SimpleUploadedFile("cake.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png")
    return header_files.store(number, upload)


@pytest.mark.parametrize("reference", ["file:{pk}", "file:0{pk}", " file:{pk}\n"])
def test_a_broadcast_waits_for_its_file_however_it_is_referred_to(number, meta, make_sending, file, reference):
    value = {"header.image": reference.format(pk=file.pk)}
    template = make_template(number, "Cake", PICTURE)
    broadcast = make_sending(number, people=0, template=template, parameters=value)
    make_broadcast_message(broadcast, make_customer(number.business), parameters=value)
    deliver(number)
    assert statuses(broadcast) == ["planned"]
    HeaderFile.objects.update(meta_id="M1", uploaded_at=timezone.now())
    deliver(number)
    assert statuses(broadcast) == ["accepted"]


@pytest.mark.parametrize("value", ["file:{{customer.attributes.n}}", "file:", "file:x7", "file:" + "9" * 19, ""])
def test_what_is_no_reference_is_no_reason_to_wait(number, make_sending, value):
    template = make_template(number, "Cake", PICTURE)
    broadcast = make_sending(number, people=0, template=template, parameters={"header.image": value})
    make_broadcast_message(broadcast, make_customer(number.business), parameters={"header.image": value})
    deliver(number)
    assert "planned" not in statuses(broadcast)
