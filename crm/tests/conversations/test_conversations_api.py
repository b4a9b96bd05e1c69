import pytest

from accounts.testing import make_colleague, make_owner
from crm.testing import make_conversation
from crm.tests.calls import path, post

pytestmark = pytest.mark.django_db


def test_a_conversation_looks_as_the_contract_says(api, number):
    conversation = make_conversation(number, unread=3)

    body = api.get(path("conversations")).json()["results"][0]

    contract = {
        "id": conversation.pk,
        "whatsapp_number": number.pk,
        "customer": conversation.customer_id,
        "status": "open",
        "assignee": None,
        "bot_paused": False,
        "in_scenario": False,
        "unread": 3,
        "window_open": True,
    }
    assert body | contract == body
    assert body["last_inbound_at"]


@pytest.mark.parametrize(
    "verb, before, after",
    [
        ("close", {"status": "open"}, {"status": "closed"}),
        ("reopen", {"status": "closed"}, {"status": "open"}),
        ("pause-bot", {"bot_paused": False}, {"bot_paused": True}),
        ("resume-bot", {"bot_paused": True}, {"bot_paused": False}),
    ],
)
def test_a_verb_changes_the_conversation_and_answers_with_it(api, number, verb, before, after):
    conversation = make_conversation(number, **before)

    response = post(api, path("conversations", conversation.pk, verb))

    assert response.status_code == 200
    assert response.json() | after == response.json()


def test_a_pause_needs_the_offset_of_its_end(api, number):
    conversation = make_conversation(number)
    address = path("conversations", conversation.pk, "pause-bot")

    response = post(api, address, {"bot_resumes_at": "2030-12-01T10:00"})

    conversation.refresh_from_db()
    assert response.status_code == 400
    assert "UTC" in response.json()["bot_resumes_at"][0]
    assert not conversation.bot_paused
    assert post(api, address, {"bot_resumes_at": "2030-12-01T10:00+03:00"}).json()["bot_resumes_at"] == (
        "2030-12-01T07:00:00Z"
    )


def test_a_conversation_is_assigned_to_a_colleague_and_to_nobody(api, owner, number):
    conversation = make_conversation(number)
    colleague = make_colleague(owner)
    address = path("conversations", conversation.pk, "assign")

    assert post(api, address, {"user": colleague.pk}).json()["assignee"] == colleague.pk
    assert post(api, address, {"user": None}).json()["assignee"] is None


def test_a_conversation_cannot_be_assigned_to_a_stranger(api, number):
    address = path("conversations", make_conversation(number).pk, "assign")

    response = post(api, address, {"user": make_owner().pk})

    assert (response.status_code, list(response.json())) == (400, ["user"])


def test_conversations_are_filtered_and_unknown_parameters_refused(api, number):
    closed = make_conversation(number, status="closed")
    make_conversation(number)

    assert [row["id"] for row in api.get(path("conversations"), {"status": "closed"}).json()["results"]] == [closed.pk]
    assert api.get(path("conversations"), {"colour": "red"}).status_code == 400
    assert (
        api.get(path("conversations"), {"whatsapp_number": make_conversation().whatsapp_number_id}).status_code == 400
    )


def test_conversations_are_neither_made_nor_edited_by_hand(api, number):
    conversation = make_conversation(number)

    assert post(api, path("conversations"), {}).status_code == 405
    assert api.patch(path("conversations", conversation.pk), {"unread": 0}, format="json").status_code == 405
