"""Canned replies: everybody's, which managers write, and one's own."""

import pytest
from django.urls import reverse

from accounts.testing import make_colleague
from crm.models import SavedReply
from crm.testing import make_conversation, make_customer
from crm.tests.calls import signed_in
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/saved-replies/"


@pytest.fixture
def operator(owner):
    return make_colleague(owner, "operator")


def make_reply(user, shortcut="hi", text="Hello", is_shared=True):
    owner = None if is_shared else user
    return SavedReply.objects.create(business=user.business, shortcut=shortcut, text=text, owner=owner)


def post(user, **body):
    return signed_in(user).post(ADDRESS, {"shortcut": "hi", "text": "Hello", **body}, format="json")


def test_people_see_everybodys_and_their_own(owner, operator):
    make_reply(owner, "shared")
    make_reply(owner, "owners", is_shared=False)
    make_reply(operator, "operators", is_shared=False)

    listed = signed_in(operator).get(ADDRESS).json()["results"]

    assert [reply["shortcut"] for reply in listed] == ["operators", "shared"]


def test_an_operator_writes_their_own_and_not_everybodys(operator):
    assert post(operator).status_code == 201
    assert post(operator, shortcut="all", is_shared=True).status_code == 403


def test_an_operator_changes_and_deletes_nothing_of_everybodys(owner, operator):
    reply = make_reply(owner)

    assert signed_in(operator).patch(f"{ADDRESS}{reply.pk}/", {"text": "Bye"}, format="json").status_code == 403
    assert signed_in(operator).delete(f"{ADDRESS}{reply.pk}/").status_code == 403


def test_a_manager_shares_their_own_reply(owner, api):
    reply = make_reply(owner, is_shared=False)

    answer = api.patch(f"{ADDRESS}{reply.pk}/", {"is_shared": True}, format="json")

    reply.refresh_from_db()
    assert answer.json()["is_shared"] and reply.is_shared


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_shortcut_is_given_once(owner, is_shared):
    post(owner, is_shared=is_shared)

    assert post(owner, shortcut="/HI", is_shared=is_shared).status_code == 400


def test_ones_own_may_have_the_shortcut_of_everybodys(owner):
    post(owner, is_shared=True)

    assert post(owner, is_shared=False).status_code == 201


@pytest.mark.parametrize("text", ["Hello, {{customer.shoe}}!", "Hello, {{!"])
def test_a_reply_asks_for_nothing_that_no_customer_has(owner, text):
    answer = post(owner, text=text)

    assert (answer.status_code, list(answer.json())) == (400, ["text"])


def test_a_shortcut_is_one_word(owner):
    answer = post(owner, shortcut="good morning")

    assert (answer.status_code, list(answer.json())) == (400, ["shortcut"])


def test_the_box_is_offered_replies_filled_in_and_colleagues(client, owner, operator):
    make_reply(owner, text='Hello, {{customer.name|default:"friend"}}!')
    conversation = make_conversation(make_number(owner.business), make_customer(owner.business, name="Anna"))
    client.force_login(owner)

    offers = client.get(reverse("admin:crm_conversation_offers", args=[conversation.pk])).json()

    assert [reply["text"] for reply in offers["replies"]] == ["Hello, Anna!"]
    assert offers["colleagues"] == [str(operator)]


def test_an_operator_writes_their_own_in_the_admin(client, operator):
    client.force_login(operator)

    client.post(reverse("admin:crm_savedreply_add"), {"shortcut": "Hi", "text": "Hello", "is_shared": "on"})

    reply = SavedReply.objects.get()
    assert (reply.owner, reply.shortcut) == (operator, "hi")


def test_the_admin_says_that_a_shortcut_is_taken(client, owner):
    make_reply(owner)
    client.force_login(owner)

    data = {"shortcut": "hi", "text": "Hello", "is_shared": "on"}
    html = client.post(reverse("admin:crm_savedreply_add"), data).text

    assert "There is a shared reply with this shortcut already." in html


def test_an_operator_looks_at_everybodys_in_the_admin_and_changes_nothing(client, owner, operator):
    reply = make_reply(owner)
    client.force_login(operator)
    address = reverse("admin:crm_savedreply_change", args=[reply.pk])

    assert client.get(address).status_code == 200
    assert client.post(address, {"shortcut": "hi", "text": "Bye"}).status_code == 403
