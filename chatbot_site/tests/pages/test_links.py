"""No link of the demo business leads nowhere, whoever follows it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from accounts.testing import make_administrator, make_colleague
from broadcasts.models import Broadcast, BroadcastMessage
from chatbot_site.demo import running, story
from chatbot_site.overview.needs import needs
from chatbot_site.tests.pages.crawler import Crawler
from crm.models import Message
from whatsapp.models import WebhookEvent, WhatsAppNumber

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def owner(meta: Any) -> User:
    """The owner of the demo business, for whom everything waits that can."""
    with running.running(0, "http://127.0.0.1:1"):
        pass
    owner = User.objects.get(email=story.OWNER["email"])
    Message.objects.filter(pk=Message.objects.filter(direction="out").first().pk).update(status="unknown")
    done = Broadcast.objects.get(status="done")
    BroadcastMessage.objects.filter(pk=done.messages.first().pk).update(status="unknown")
    Broadcast.objects.filter(status="planned").update(status="paused")
    number = WhatsAppNumber.objects.first()
    WebhookEvent.objects.create(business=number.business, whatsapp_number=number, value={}, due_at=None)
    return owner


def owner_itself(owner: User) -> User:
    return owner


def manager(owner: User) -> User:
    return make_colleague(owner, Role.MANAGER)


def operator(owner: User) -> User:
    return make_colleague(owner, Role.OPERATOR)


def administrator(owner: User) -> User:
    return make_administrator()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="accounts.people.roles.RoleBackend")
    return client


def test_everything_waits_for_the_owner(owner: User) -> None:
    waiting = {need.kind for need in needs(owner.business)}

    assert waiting >= {"waiting", "unknown", "unknown_of_broadcasts", "paused_broadcasts", "webhook_events"}


@pytest.mark.parametrize("role", [owner_itself, manager, operator, administrator])
def test_no_link_of_the_admin_is_dead(owner: User, role: Callable[[User], User]) -> None:
    assert "\n".join(Crawler(signed_in(role(owner)), "/admin/").dead_links()) == ""


@pytest.mark.parametrize("role", [owner_itself, manager, operator])
def test_no_link_of_the_browsable_api_is_dead(owner: User, role: Callable[[User], User]) -> None:
    assert "\n".join(Crawler(signed_in(role(owner)), "/api/v1/").dead_links()) == ""
