"""What names a tag is told before it is deleted, whichever app it lives in; no audience grows by it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation
from rest_framework.test import APIClient

from accounts.models import Role, User
from accounts.testing import make_colleague, make_owner
from accounts.tests.html_forms import filled_form
from bots.editor.scenarios import publish
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from broadcasts import drafts, lifecycle
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast
from crm.customers import customers
from crm.customers.tag_usage import uses_of_tags
from crm.customers.tags import find_tags, get_or_create_tags
from crm.models import Customer, Tag
from crm.testing import make_customer
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/tag/"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def owner() -> User:
    return make_owner(language="en")


@pytest.fixture
def client(client: Client, owner: User) -> Client:
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client


@pytest.fixture
def number(owner: User) -> WhatsAppNumber:
    return make_number(owner.business)


@pytest.fixture
def vip(owner: User) -> Tag:
    return get_or_create_tags(owner.business_id, ["VIP"])[0]


def gives(name: str) -> dict[str, Any]:
    return document({"key": "a", "kind": "set", "add_tags": [name]})


def takes(name: str) -> dict[str, Any]:
    return document({"key": "a", "kind": "set", "remove_tags": [name]})


def asks(name: str) -> dict[str, Any]:
    rule = {"field": "customer.tags", "op": "in_tags", "value": name}
    return document({"key": "a", "kind": "condition", "rules": [rule]})


def told(tag: Tag) -> list[str]:
    return sorted(f"{use.row} ({use.state})" for use in uses_of_tags([tag]))


# What names a tag


@pytest.mark.parametrize("written", [gives, takes, asks])
def test_a_scenario_that_names_the_tag_in_any_case_is_told(number: WhatsAppNumber, vip: Tag, written: Any) -> None:
    bot = make_bot(number)
    make_scenario(bot, written("vip "), name="Draft")
    make_published_scenario(bot, written("Vip"), name="Live")
    make_published_scenario(bot, written("vip!"), name="Other")
    assert told(vip) == ["Draft (draft)", "Live (published)"]


def test_a_version_that_customers_meet_counts_though_the_draft_names_it_no_more(
    number: WhatsAppNumber, vip: Tag
) -> None:
    scenario = make_published_scenario(make_bot(number), gives("VIP"), name="Live")
    scenario.definition = gives("tea")
    scenario.save()
    assert told(vip) == ["Live (published)"]
    publish(scenario, user=None)
    assert told(vip) == []


@pytest.mark.parametrize("junk", [[], 1, {"steps": 1}, {"steps": [1, {"add_tags": 1, "rules": [1, {}]}]}])
def test_a_draft_that_is_no_document_names_nothing(number: WhatsAppNumber, vip: Tag, junk: Any) -> None:
    scenario = make_scenario(make_bot(number), gives("tea"))
    type(scenario).objects.filter(pk=scenario.pk).update(definition=junk)
    assert told(vip) == []


@pytest.mark.parametrize("key", ["tags_any", "tags_all", "tags_none"])
def test_a_broadcast_that_is_not_over_is_told(number: WhatsAppNumber, vip: Tag, key: str) -> None:
    for status in ("draft", "scheduled", "done", "cancelled"):
        make_broadcast(number, name=status, audience={"everyone": True, key: ["vip"]}, status=status)
    make_broadcast(number, name="other", audience={"everyone": True})
    assert [line.split()[0] for line in told(vip)] == ["draft", "scheduled"]


def test_what_strangers_name_is_not_told(vip: Tag) -> None:
    theirs = make_number(make_owner().business)
    make_published_scenario(make_bot(theirs), gives("VIP"))
    make_broadcast(theirs, audience={"tags_any": ["VIP"]})
    assert told(vip) == []


# The pages


@pytest.fixture
def in_use(number: WhatsAppNumber, vip: Tag) -> Tag:
    for _serial in range(2):
        customers.add_tags(make_customer(number.business), ["VIP"])
    make_broadcast(number, name="Sale <b>", audience={"tags_any": ["VIP"]})
    make_published_scenario(make_bot(number), gives("VIP"), name="Welcome")
    return vip


def test_the_page_says_what_names_the_tag_and_who_has_it(client: Client, in_use: Tag) -> None:
    page = client.get(f"{LIST}{in_use.pk}/delete/").content.decode()
    for words in ("2 customers lose the tag", f"tags__id__in={in_use.pk}", "Sale &lt;b&gt;</a>", ">Welcome</a>"):
        assert words in page
    assert client.get(f"/admin/crm/customer/?tags__id__in={in_use.pk}").context["cl"].result_count == 2

    client.post(f"{LIST}{in_use.pk}/delete/", {"post": "yes"})

    assert not Tag.objects.exists() and Customer.objects.count() == 2


def test_the_page_of_several_says_it_of_all(client: Client, in_use: Tag, owner: User) -> None:
    (tea,) = get_or_create_tags(owner.business_id, ["tea"])
    customers.add_tags(make_customer(owner.business), ["tea", "VIP"])
    page = client.post(LIST, {"action": "delete_selected", "_selected_action": [in_use.pk, tea.pk]})
    assert "3 customers lose the tag" in page.content.decode() and "Welcome" in page.content.decode()
    client.post(LIST, {**filled_form(page), "post": "yes"})
    assert not Tag.objects.exists()


def test_the_page_of_very_many_says_it_too(client: Client, in_use: Tag, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.deletion.admin.MAX_DELETED_AT_ONCE", 0)
    page = client.post(LIST, {"action": "delete_selected", "_selected_action": [in_use.pk]}).content.decode()
    assert "2 customers lose the tag" in page and "Welcome" in page and 'name="selection"' in page


def test_a_tag_that_nothing_names_says_so(client: Client, vip: Tag) -> None:
    page = client.get(f"{LIST}{vip.pk}/delete/").content.decode()
    assert "No customer has the tag." in page and "No broadcast and no scenario names it." in page


def test_an_operator_is_told_nothing_and_deletes_nothing(client: Client, in_use: Tag, owner: User) -> None:
    client.force_login(make_colleague(owner, Role.OPERATOR), backend="accounts.people.roles.RoleBackend")
    assert client.get(f"{LIST}{in_use.pk}/delete/").status_code == 403
    assert Tag.objects.exists()


def test_the_api_tells_it_to_those_who_may_delete(in_use: Tag, owner: User) -> None:
    address = f"/api/v1/tags/{in_use.pk}/delete-preview/"
    api = APIClient()
    api.force_authenticate(owner)
    told = api.get(address).json()
    assert told["customers"] == 2
    assert {(use["kind"], use["name"], use["state"]) for use in told["uses"]} == {
        ("broadcast", "Sale <b>", "draft"),
        ("botscenario", "Welcome", "published"),
    }
    for user, status in ((make_colleague(owner, Role.OPERATOR), 403), (make_owner(), 404)):
        api.force_authenticate(user)
        assert api.get(address).status_code == status
    api.force_authenticate(owner)
    assert api.delete(f"/api/v1/tags/{in_use.pk}/").status_code == 204


# No audience grows by it


@pytest.fixture
def draft(number: WhatsAppNumber) -> Broadcast:
    for tags in (["VIP", "tea"], ["VIP"], ["VIP", "staff"]):
        customers.add_tags(make_customer(number.business, name=" ".join(tags)), tags)
    return make_broadcast(number, audience={"tags_any": ["VIP"], "tags_all": ["tea"], "tags_none": ["staff"]})


def delete_tag(draft: Broadcast, name: str) -> None:
    (tag,) = find_tags(draft.business_id, [name])
    tag.delete()


@pytest.mark.parametrize("name", ["VIP", "tea", "staff"])
def test_a_draft_without_one_of_its_tags_is_not_planned(draft: Broadcast, name: str) -> None:
    delete_tag(draft, name)
    with pytest.raises(ValidationError, match=name):
        drafts.plan(draft)
    draft.refresh_from_db()
    assert draft.status == "draft" and not draft.messages.exists()


def test_one_that_was_scheduled_goes_to_the_people_who_were_counted(draft: Broadcast) -> None:
    drafts.plan(draft)
    before = set(draft.messages.values_list("customer__name", flat=True))
    delete_tag(draft, "tea")
    lifecycle.start(draft)
    assert set(draft.messages.values_list("customer__name", flat=True)) == before == {"VIP tea"}


@pytest.mark.parametrize("name", ["tea", "staff"])
def test_the_form_of_a_draft_without_one_of_its_tags_wants_that_to_be_seen(
    client: Client, draft: Broadcast, name: str
) -> None:
    delete_tag(draft, name)
    address = f"/admin/broadcasts/broadcast/{draft.pk}/change/"
    page = client.get(address)
    assert f"Without the deleted tags: {name}" in page.content.decode()
    values = {**filled_form(page), "scheduled_at_0": "", "scheduled_at_1": ""}
    values.pop("without_gone", None)
    before = draft.audience

    refused = client.post(address, values)

    draft.refresh_from_db()
    assert refused.context["adminform"].form.errors["without_gone"]
    assert draft.audience == before

    client.post(address, {**values, "without_gone": "on"})

    draft.refresh_from_db()
    assert name not in str(draft.audience)


def test_the_form_of_a_draft_with_all_its_tags_asks_nothing_more(client: Client, draft: Broadcast) -> None:
    page = client.get(f"/admin/broadcasts/broadcast/{draft.pk}/change/")
    assert "without_gone" not in page.content.decode()
