"""Who sees what in the navigation, and in which order."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from accounts.testing import make_administrator, make_colleague, make_owner
from crm.models import Conversation
from crm.testing import make_conversation
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

DAILY = ["Conversations", "Customers", "Deals"]


def page(person: User, address: str = "/admin/settings/") -> Any:
    person.language = "en"
    person.save()
    client = Client()
    client.force_login(person, backend="accounts.people.roles.RoleBackend")
    return client.get(address)


def shell(person: User, address: str = "/admin/settings/") -> Any:
    return page(person, address).context["shell"]()


def sections(person: User, address: str = "/admin/crm/customer/") -> list[str]:
    return [link.label for link in shell(person, address).links]


def test_an_operator_has_the_daily_work() -> None:
    assert sections(make_colleague(make_owner())) == ["Overview", *DAILY]


def test_a_manager_also_has_what_speaks_to_many() -> None:
    assert sections(make_colleague(make_owner(), Role.MANAGER)) == [
        "Overview",
        *DAILY,
        "Broadcasts",
        "Bots",
        "Templates",
    ]


def test_an_owner_also_has_numbers_and_the_team() -> None:
    assert sections(make_owner())[-2:] == ["Numbers", "Team"]


def test_a_platform_administrator_has_a_navigation_of_his_own() -> None:
    assert sections(make_administrator()) == ["Overview", "Businesses", "People", "Subscriptions", "Installation"]


@pytest.mark.parametrize("role", [None, Role.MANAGER, Role.OPERATOR])
def test_every_list_that_a_person_may_see_is_within_two_clicks(role: Role | None) -> None:
    owner = make_owner()
    person = make_colleague(owner, role) if role else owner
    seen = page(person, "/admin/crm/customer/").context
    lists = {model["admin_url"] for app in seen["available_apps"] for model in app["models"] if model["admin_url"]}
    reached = {link.url for link in (*seen["shell"]().links, *seen["shell"]().tabs)}
    reached |= {tab.url for tab in shell(person, "/admin/bots/bot/").tabs}
    for address in ("/admin/settings/", "/admin/journal/"):
        reached |= {link.url for link in page(person, address).context["lists"]}
    # One's own business has a page, and needs no list; the inbox and the board lead to their lists.
    assert lists - reached <= {"/admin/accounts/business/", "/admin/crm/conversation/", "/admin/crm/deal/"}


def test_technical_records_stand_in_the_journal_alone() -> None:
    owner = make_owner()
    labels = [link.label for link in page(owner, "/admin/journal/").context["lists"]]
    assert {"Webhook events", "Bot turns", "Deletions"} <= set(labels)
    assert not {"Webhook events", "Bot turns", "Deletions"} & set(sections(owner))


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("/admin/", "Overview"),
        ("/admin/crm/customer/add/", "Customers"),
        ("/admin/crm/deal/", "Deals"),
        ("/admin/crm/dealstage/", "Settings"),
        ("/admin/bots/botscenario/", "Bots"),
        ("/admin/bots/botturn/", "Journal"),
        ("/admin/journal/", "Journal"),
    ],
)
def test_the_section_of_the_page_is_marked_and_no_other(address: str, label: str) -> None:
    found = shell(make_owner(), address)
    assert [link.label for link in (*found.links, *found.more) if link.is_current] == [label]


def test_a_section_of_several_lists_has_tabs() -> None:
    owner = make_owner()
    assert [tab.label for tab in shell(owner, "/admin/bots/botscenario/").tabs] == ["Bots", "Scenarios"]
    assert shell(owner, "/admin/crm/customer/").tabs == []


def count_beside_conversations(person: User) -> str | None:
    return next(link.count for link in shell(person).links if link.label == "Conversations")


def test_those_who_wait_are_counted_beside_the_conversations() -> None:
    owner = make_owner()
    conversation = make_conversation(make_number(owner.business))
    assert count_beside_conversations(owner) == ""
    Conversation.objects.filter(pk=conversation.pk).update(waiting_since=timezone.now())
    assert count_beside_conversations(owner) == "1"
    assert count_beside_conversations(make_owner()) == ""


def test_many_are_counted_only_some_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot_site.navigation.MAX_COUNTED", 2)
    owner = make_owner()
    for _serial in range(3):
        make_conversation(make_number(owner.business))
    Conversation.objects.update(waiting_since=timezone.now())
    assert count_beside_conversations(owner) == "1+"
