"""The page of one row: who may look at it, who may press its buttons, and what comes of that."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from accounts.testing import make_colleague
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast
from crm.models import Conversation, Message
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return make_conversation(make_number(owner.business))


@pytest.fixture
def foreign(stranger: User) -> Conversation:
    return make_conversation(make_number(stranger.business))


def page(kind: str, *keys: int) -> str:
    return reverse(f"admin:crm_conversation_{kind}", args=keys)


def press(browser: Client, row: Conversation, verb: str = "pause_bot") -> Any:
    return browser.post(page("act", row.pk), {"verb": verb})


def is_paused(conversation: Conversation) -> bool:
    conversation.refresh_from_db()
    return conversation.bot_paused


def test_a_button_does_what_it_says_is_logged_and_leads_back(
    signed_in: Client, owner: User, conversation: Conversation
) -> None:
    answer = press(signed_in, conversation)
    assert answer.url == page("change", conversation.pk)
    assert is_paused(conversation)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (owner, str(conversation.pk))


@pytest.mark.parametrize("verb", ["", "delete", "__init__"])
def test_a_button_that_there_is_not_is_not_found(signed_in: Client, conversation: Conversation, verb: str) -> None:
    assert press(signed_in, conversation, verb).status_code == 404
    assert not LogEntry.objects.exists()


def test_a_link_presses_no_button(signed_in: Client, conversation: Conversation) -> None:
    assert signed_in.get(page("act", conversation.pk), {"verb": "pause_bot"}).status_code == 405
    assert not is_paused(conversation)


def test_a_page_of_somebody_elses_site_presses_no_button(owner: User, conversation: Conversation) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert press(browser, conversation).status_code == 403
    assert not is_paused(conversation)


def test_nobody_presses_a_button_of_another_business(signed_in: Client, foreign: Conversation) -> None:
    assert press(signed_in, foreign).status_code == 404
    assert not is_paused(foreign)


def test_nobody_reads_the_live_part_of_another_business(signed_in: Client, foreign: Conversation) -> None:
    make_message(foreign, "For our eyes only")
    answer = signed_in.get(page("live", foreign.pk))
    assert answer.status_code == 404
    assert "For our eyes only" not in answer.content.decode()


def test_whoever_is_not_signed_in_is_asked_to(client: Client, conversation: Conversation) -> None:
    assert press(client, conversation).status_code == 302
    assert client.get(page("live", conversation.pk)).status_code == 302
    assert not is_paused(conversation)


def test_what_is_refused_is_said_on_the_next_page_and_not_logged(signed_in: Client, owner: User) -> None:
    broadcast = make_broadcast(make_number(owner.business), status=Broadcast.Status.DONE)
    act = reverse("admin:broadcasts_broadcast_act", args=[broadcast.pk])
    answer = signed_in.post(act, {"verb": "pause"}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert not LogEntry.objects.exists()


def test_who_may_only_look_presses_no_button(client: Client, owner: User) -> None:
    broadcast = make_broadcast(make_number(owner.business), status=Broadcast.Status.SENDING)
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert client.get(reverse("admin:broadcasts_broadcast_live", args=[broadcast.pk])).status_code == 200
    answer = client.post(reverse("admin:broadcasts_broadcast_act", args=[broadcast.pk]), {"verb": "cancel"})
    assert answer.status_code == 403
    broadcast.refresh_from_db()
    assert broadcast.status == Broadcast.Status.SENDING


def test_who_may_only_look_is_shown_no_button(client: Client, owner: User) -> None:
    broadcast = make_broadcast(make_number(owner.business), status=Broadcast.Status.SENDING)
    address = reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])
    client.force_login(owner)
    assert 'value="pause"' in client.get(address).content.decode()
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert 'value="pause"' not in client.get(address).content.decode()


# Decisions about a message


@pytest.fixture
def unknown(conversation: Conversation) -> Message:
    return make_message(conversation, direction="out", status="unknown")


def decide(browser: Client, row: Conversation, message: Message, decision: str = "count_as_sent") -> Any:
    return browser.post(page("decide", row.pk, message.pk), {"decision": decision})


def test_a_message_of_unknown_fate_is_decided_and_logged(
    signed_in: Client, conversation: Conversation, unknown: Message
) -> None:
    assert decide(signed_in, conversation, unknown).url == page("change", conversation.pk)
    unknown.refresh_from_db()
    assert unknown.status == "sent"
    assert LogEntry.objects.get().object_id == str(conversation.pk)


def test_a_message_of_another_conversation_is_not_there(
    signed_in: Client, owner: User, conversation: Conversation, unknown: Message
) -> None:
    other = make_conversation(conversation.whatsapp_number)
    assert decide(signed_in, other, unknown).status_code == 404
    unknown.refresh_from_db()
    assert unknown.status == "unknown"


def test_a_message_of_another_business_is_not_there(
    signed_in: Client, foreign: Conversation, conversation: Conversation
) -> None:
    theirs = make_message(foreign, direction="out", status="unknown")
    assert decide(signed_in, conversation, theirs).status_code == 404
    assert decide(signed_in, foreign, theirs).status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == "unknown"


def test_a_decision_that_there_is_not_is_not_found(
    signed_in: Client, conversation: Conversation, unknown: Message
) -> None:
    assert decide(signed_in, conversation, unknown, "delete").status_code == 404


# What updates by itself


def test_the_live_part_is_sent_again_when_it_changed(signed_in: Client, conversation: Conversation) -> None:
    first = signed_in.get(page("live", conversation.pk))
    known = {"If-None-Match": first["ETag"]}
    assert signed_in.get(page("live", conversation.pk), headers=known).status_code == 304
    make_message(conversation, "Is anybody there?")
    again = signed_in.get(page("live", conversation.pk), headers=known)
    assert again.status_code == 200 and "Is anybody there?" in again.content.decode()


def test_the_live_part_is_only_read(signed_in: Client, conversation: Conversation) -> None:
    assert signed_in.post(page("live", conversation.pk)).status_code == 405
