"""Broadcasts by API."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.testing import make_business, make_colleague
from broadcasts import planning
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.customers import customers
from crm.models import Message
from crm.testing import make_customer
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

BROADCASTS = "/api/v1/broadcasts/"
MESSAGES = "/api/v1/broadcast-messages/"


def post(api, address, data=None, **headers):
    return api.post(address, data or {}, content_type="application/json", headers=headers)


def patch(api, address, data):
    return api.patch(address, data, content_type="application/json")


def path(broadcast, verb=""):
    return f"{BROADCASTS}{broadcast.pk}/" + (f"{verb}/" if verb else "")


@pytest.fixture
def template(number):
    return make_template(number)


@pytest.fixture
def draft(number, template):
    """What a program posts."""
    return {
        "whatsapp_number": number.pk,
        "name": "Autumn sale",
        "template": template.pk,
        "parameters": {"1": '{{customer.name|default:"friend"}}', "2": "881"},
        "audience": {"everyone": True},
    }


@pytest.fixture
def broadcast(number, template, draft):
    make_customer(number.business, name="Anna")
    return make_broadcast(number, template=template, parameters=draft["parameters"])


def test_a_draft_is_made(api, draft):
    answer = post(api, BROADCASTS, {**draft, "scheduled_at": "2031-01-01T10:00:00Z"})

    assert answer.status_code == 201
    assert answer.json() == {
        **draft,
        "id": Broadcast.objects.get().pk,
        "scheduled_at": "2031-01-01T10:00:00Z",
        "status": "draft",
        "paused_reason": "",
        "created_at": answer.json()["created_at"],
        "started_at": None,
        "finished_at": None,
        "revision": 1,
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"audience": {}}, "audience"),
        ({"audience": {"tags_none": []}}, "audience"),
        ({"audience": None}, "audience"),
        ({"audience": {"tags_any": ["no such tag"]}}, "audience"),
        ({"audience": {"all": True}}, "audience"),
        ({"parameters": {"1": "{{secrets}}"}}, "parameters"),
        ({"parameters": ["x"]}, "parameters"),
        ({"name": ""}, "name"),
        ({"state": "done"}, "state"),
    ],
)
def test_what_is_wrong_is_told_by_field(api, draft, change, field):
    answer = post(api, BROADCASTS, draft | change)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_the_place_in_the_audience_is_named(api, draft):
    answer = post(api, BROADCASTS, {**draft, "audience": {"tags_any": ["nobody"]}})
    assert "nobody" in answer.json()["audience"]["tags_any"][0]


def test_an_audience_must_be_given(api, draft):
    del draft["audience"]
    assert post(api, BROADCASTS, draft).json().keys() == {"audience"}


def test_customers_of_another_business_are_refused(api, draft):
    answer = post(api, BROADCASTS, {**draft, "audience": {"customers": [make_customer().pk]}})
    assert (answer.status_code, list(answer.json())) == (400, ["audience"])


def test_a_template_of_another_account_is_refused(api, draft, number):
    draft["template"] = make_template(make_number(number.business)).pk
    assert list(post(api, BROADCASTS, draft).json()) == ["template"]


def test_a_number_without_an_account_is_refused(api, draft, number):
    number.waba_id = ""
    number.save()
    assert list(post(api, BROADCASTS, draft).json()) == ["whatsapp_number"]


def test_planning_a_few_is_done_at_once(api, broadcast):
    answer = post(api, path(broadcast, "plan"))
    assert (answer.status_code, answer.json()["status"]) == (200, "planned")
    assert broadcast.messages.count() == 1


def test_planning_many_is_accepted(api, broadcast, monkeypatch):
    monkeypatch.setattr(planning, "BATCH", 1)
    answer = post(api, path(broadcast, "plan"))
    assert (answer.status_code, answer.json()["status"]) == (202, "planning")

    answer = post(api, path(broadcast, "start"))
    assert (answer.status_code, answer.json()["code"]) == (409, "still_planning")


def test_parameters_that_are_missing_are_told_when_it_is_planned(api, broadcast):
    patch(api, path(broadcast), {"parameters": {"1": "x"}})
    answer = post(api, path(broadcast, "plan"))
    assert answer.status_code == 400
    assert "“2”" in answer.json()["parameters"][0]


def test_changing_drops_the_plan(api, broadcast):
    post(api, path(broadcast, "plan"))

    answer = patch(api, path(broadcast), {"name": "Winter sale"})

    assert (answer.status_code, answer.json()["status"], answer.json()["name"]) == (200, "draft", "Winter sale")
    assert not BroadcastMessage.objects.exists()


@pytest.mark.parametrize("status", ["sending", "scheduled", "paused", "done", "cancelled", "planning"])
def test_a_started_broadcast_cannot_be_changed_or_deleted(api, broadcast, status):
    broadcast.move(status, since=["draft"])
    for answer in (patch(api, path(broadcast), {"name": "x"}), api.delete(path(broadcast))):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_editable")


def test_a_draft_is_deleted(api, broadcast):
    assert api.delete(path(broadcast)).status_code == 204
    assert not Broadcast.objects.exists()


def test_from_the_plan_to_cancelling(api, broadcast):
    verbs = ("plan", "start", "start", "pause", "resume", "pause", "cancel", "cancel")
    answers = [post(api, path(broadcast, verb)) for verb in verbs]
    assert [answer.status_code for answer in answers] == [200] * 8
    expected = ["planned", "sending", "sending", "paused", "sending", "paused", "cancelled", "cancelled"]
    assert [answer.json()["status"] for answer in answers] == expected


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("start", "not_planned"),
        ("pause", "not_sending"),
        ("resume", "not_paused"),
        ("cancel", "not_planned"),
        ("retry-failed", "not_done"),
    ],
)
def test_an_illegal_move_is_a_conflict_with_a_code(api, broadcast, verb, code):
    answer = post(api, path(broadcast, verb))
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_a_time_in_the_future_schedules(api, broadcast):
    patch(api, path(broadcast), {"scheduled_at": (timezone.now() + timedelta(hours=1)).isoformat()})
    post(api, path(broadcast, "plan"))
    assert post(api, path(broadcast, "start")).json()["status"] == "scheduled"


def test_a_repeated_request_with_its_key_makes_one_broadcast(api, draft):
    first, second = (post(api, BROADCASTS, draft, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert first.json() == second.json()
    assert Broadcast.objects.count() == 1


def test_a_repeated_start_with_its_key_is_answered_alike(api, broadcast):
    post(api, path(broadcast, "plan"))
    first = post(api, path(broadcast, "start"), **{"Idempotency-Key": "one"})
    post(api, path(broadcast, "pause"))

    second = post(api, path(broadcast, "start"), **{"Idempotency-Key": "one"})

    assert first.json() == second.json()
    broadcast.refresh_from_db()
    assert broadcast.status == "paused"


@pytest.mark.django_db(transaction=True)
def test_start_pressed_in_many_tabs_starts_once(owner, broadcast, api, monkeypatch):
    post(api, path(broadcast, "plan"))
    calls = []
    monkeypatch.setattr("broadcasts.lifecycle.dispatch.send", calls.append)

    def press(_tab):
        client = Client()
        client.force_login(owner)
        try:
            return post(client, path(broadcast, "start")).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as tabs:
        answers = list(tabs.map(press, range(4)))

    assert answers == [200] * 4
    assert len(calls) == 1


def test_progress_has_exactly_these_keys(api, broadcast):
    post(api, path(broadcast, "plan"))
    told = api.get(path(broadcast, "progress")).json()
    assert told == {
        "status": "planned",
        "total": 1,
        "planned": 1,
        **dict.fromkeys(["skipped", "sending", "accepted", "sent", "delivered", "read", "failed", "unknown"], 0),
        "rate": 0.0,
        "eta_seconds": 1,
        "skips": [],
        "failures": [],
    }


def test_a_test_is_one_message_to_a_phone(api, broadcast):
    answer = post(api, path(broadcast, "test"), {"to": "8 916 111-22-33"})

    assert answer.status_code == 201
    message = Message.objects.get()
    assert message.conversation.customer.phone == "+79161112233"
    assert message.text == "Hello friend, your order 881 is ready."
    assert not message.conversation.bot_paused
    assert not BroadcastMessage.objects.exists()


def test_a_test_says_what_the_customer_with_this_phone_would_read(api, broadcast):
    make_customer(broadcast.business, name="Boris", phone="+79161112233")
    post(api, path(broadcast, "test"), {"to": "+79161112233"})
    assert Message.objects.get().text == "Hello Boris, your order 881 is ready."


@pytest.mark.parametrize(
    ("parameters", "field"), [({"1": "x"}, "parameters"), ({"1": "{{customer.name}}", "2": "x"}, "to")]
)
def test_a_test_that_would_have_gaps_is_refused(api, broadcast, parameters, field):
    patch(api, path(broadcast), {"parameters": parameters})
    answer = post(api, path(broadcast, "test"), {"to": "+79160000001"})
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_a_repeated_test_with_its_key_is_sent_once(api, broadcast):
    for _try in range(2):
        post(api, path(broadcast, "test"), {"to": "+79160000001"}, **{"Idempotency-Key": "one"})
    assert Message.objects.count() == 1


def test_recipients_are_listed_by_broadcast_and_status(api, broadcast):
    customers.opt_out(make_customer(broadcast.business, name="Boris"))
    post(api, path(broadcast, "plan"))
    make_broadcast_message(make_broadcast(broadcast.whatsapp_number), make_customer(broadcast.business))

    page = api.get(MESSAGES, {"broadcast": broadcast.pk, "status": "skipped"}).json()

    assert set(page) == {"next", "previous", "results"}
    [row] = page["results"]
    assert (row["status"], row["skip_reason"], row["broadcast"]) == ("skipped", "opted_out", broadcast.pk)
    assert row["text"] == "Hello Boris, your order 881 is ready."
    assert row["error"] is None


def test_recipients_are_only_read(api, broadcast):
    assert post(api, MESSAGES).status_code == 405


@pytest.mark.parametrize("parameter", ["state", "business"])
def test_an_unknown_parameter_is_refused(api, parameter):
    assert api.get(MESSAGES, {parameter: 1}).status_code == 400


def test_another_businesss_broadcast_in_a_filter_is_refused(api):
    foreign = make_broadcast(make_number(make_business()))
    assert api.get(MESSAGES, {"broadcast": foreign.pk}).status_code == 400
    assert post(api, path(foreign, "start")).status_code == 404


def test_a_list_costs_the_same_for_many_rows(api, broadcast, django_assert_max_num_queries):
    for _row in range(3):
        make_broadcast_message(make_broadcast(broadcast.whatsapp_number), make_customer(broadcast.business))
    # Session, person, business, two of permissions, the rows (and, of broadcasts, their count).
    for address, most in ((MESSAGES, 6), (BROADCASTS, 7)):
        with django_assert_max_num_queries(most):
            api.get(address)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("operator", (200, 403, 403, 403, 403, 200)), ("manager", (200, 201, 200, 200, 201, 200))],
)
def test_roles(owner, broadcast, draft, role, statuses):
    client = Client()
    client.force_login(make_colleague(owner, role))
    answers = (
        client.get(path(broadcast)),
        post(client, BROADCASTS, draft),
        post(client, path(broadcast, "plan")),
        post(client, path(broadcast, "start")),
        post(client, path(broadcast, "test"), {"to": "+79160000001"}),
        client.get(path(broadcast, "progress")),
    )
    assert tuple(answer.status_code for answer in answers) == statuses


def test_a_recipient_says_what_meta_charges_once_it_is_known(api, broadcast):
    price = {"category": "marketing", "type": "regular", "billable": True, "model": "PMP"}
    customer = make_customer(broadcast.business)
    message = make_broadcast_message(broadcast, customer, "sent", **{f"pricing_{key}": price[key] for key in price})
    unpriced = make_broadcast_message(broadcast, make_customer(broadcast.business))

    rows = {row["id"]: row["pricing"] for row in api.get(MESSAGES).json()["results"]}

    assert rows == {message.pk: price, unpriced.pk: None}


@pytest.mark.parametrize("time", ["2031-12-05T10:00", "2031-12-05 10:00:00", "2031-12-05", "20311205T1000"])
def test_a_time_without_an_offset_is_refused_with_the_zone_of_the_business(api, draft, time):
    refused = post(api, BROADCASTS, {**draft, "scheduled_at": time})
    assert refused.status_code == 400
    (sentence,) = refused.json()["scheduled_at"]
    assert "+03:00" in sentence and "Europe/Moscow" in sentence
    assert not Broadcast.objects.exists()


@pytest.mark.parametrize(
    "time", ["2031-12-05T10:00+03:00", "2031-12-05T07:00Z", "2031-12-05T07:00:00.000+00:00", "2031-12-05T12:30+05:30"]
)
def test_a_time_with_an_offset_is_taken(api, draft, time):
    made = post(api, BROADCASTS, {**draft, "scheduled_at": time})
    assert (made.status_code, made.json()["scheduled_at"]) == (201, "2031-12-05T07:00:00Z")


def test_no_time_stays_none(api, draft):
    assert post(api, BROADCASTS, {**draft, "scheduled_at": None}).json()["scheduled_at"] is None
