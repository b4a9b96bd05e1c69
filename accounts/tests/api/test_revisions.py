"""`revision` by the API: whoever changes an outdated row is told."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.testing import make_owner
from bots.models import Bot, BotScenario
from bots.testing import make_bot, make_scenario
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast
from crm.customers import customers
from crm.models import Customer, Deal, DealStage
from crm.testing import make_customer
from crm.tests.calls import path, post, signed_in
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def api(owner):
    return signed_in(owner)


@pytest.fixture
def customer(owner):
    return make_customer(owner.business, name="Anna")


def rows_of(owner):
    """The address of a row of each kind, and a change of it."""
    number = make_number(owner.business)
    bot = make_bot(number)
    stage = DealStage.objects.for_business(owner.business).first()
    deal = Deal.objects.create(
        business=owner.business, customer=make_customer(owner.business), title="Cake", currency="RUB", stage=stage
    )
    return {
        path("business"): {"name": "Mine"},
        path("whatsapp-numbers", number.pk): {"name": "Mine"},
        path("bots", bot.pk): {"name": "Mine"},
        path("bot-scenarios", make_scenario(bot).pk): {"name": "Mine"},
        path("broadcasts", make_broadcast(number).pk): {"name": "Mine"},
        path("customers", make_customer(owner.business).pk): {"name": "Mine"},
        path("deals", deal.pk): {"title": "Mine"},
        path("deal-stages", stage.pk): {"name": "Mine"},
    }


def test_an_outdated_change_is_refused_with_what_is_there_now(api, owner):
    for address, change in rows_of(owner).items():
        seen = api.get(address).json()["revision"]
        (name,) = change
        theirs = api.patch(address, {name: "Theirs", "revision": seen}, format="json")
        assert (theirs.status_code, theirs.json()["revision"]) == (200, seen + 1), address

        refused = api.patch(address, {**change, "revision": seen}, format="json")

        assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile"), address
        assert refused.json()["current"] == api.get(address).json()
        assert refused.json()["current"][name] == "Theirs"


def test_without_a_revision_the_last_one_wins(api, customer):
    customers.update(customer, name="Theirs")
    assert api.patch(path("customers", customer.pk), {"name": "Mine"}, format="json").status_code == 200
    assert Customer.objects.get().name == "Mine"


def test_an_outdated_change_of_tags_or_of_an_opt_out_is_refused(api, customer):
    customers.update(customer, name="Theirs")
    for change in ({"tags": ["vip"]}, {"opted_out": True}):
        refused = api.patch(path("customers", customer.pk), {**change, "revision": 1}, format="json")
        assert refused.status_code == 409
    customer.refresh_from_db()
    assert (customer.tags.count(), customer.opted_out) == (0, False)


@pytest.mark.parametrize("junk", [0, -1, "x", None, 2**70])
def test_what_is_no_revision_is_refused(api, customer, junk):
    answer = api.patch(path("customers", customer.pk), {"name": "Mine", "revision": junk}, format="json")
    assert answer.status_code in (400, 409)
    assert Customer.objects.get().name == "Anna"


def test_a_new_row_takes_no_revision(api):
    made = post(api, path("customers"), {"phone": "+79161234567", "revision": 7})
    assert (made.status_code, made.json()["revision"]) == (201, 1)


def test_an_outdated_draft_is_not_published(api, owner):
    scenario = make_scenario(make_bot(make_number(owner.business)))
    scenario.save()
    refused = post(api, path("bot-scenarios", scenario.pk, "publish"), {"revision": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert refused.json()["current"]["revision"] == 2
    assert not scenario.versions.exists()
    assert post(api, path("bot-scenarios", scenario.pk, "publish"), {"revision": 2}).status_code == 200


def test_publishing_is_no_edit(api, owner):
    scenario = make_scenario(make_bot(make_number(owner.business)))
    post(api, path("bot-scenarios", scenario.pk, "publish"))
    assert BotScenario.objects.get().revision == 1


def test_a_broadcast_that_was_changed_is_neither_planned_nor_started(api, owner):
    number = make_number(owner.business)
    draft, planned = make_broadcast(number), make_broadcast(number, status="planned")
    Broadcast.objects.update(revision=2)
    for broadcast, verb in [(draft, "plan"), (planned, "start")]:
        refused = post(api, path("broadcasts", broadcast.pk, verb), {"revision": 1})
        assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
        assert refused.json()["current"]["status"] == broadcast.status


def test_a_number_and_a_bot_count_only_edits(api, owner):
    number = make_number(owner.business)
    bot = make_bot(number)
    WhatsAppNumber.objects.update(quality_rating="RED")
    post(api, path("whatsapp-numbers", number.pk, "deactivate"))
    assert api.get(path("whatsapp-numbers", number.pk)).json()["revision"] == 2
    assert Bot.objects.get(pk=bot.pk).revision == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_of_one_revision_at_the_same_moment_one_wins(owner, customer):
    barrier = Barrier(2)

    def change(name):
        try:
            client = signed_in(owner)
            barrier.wait()
            body = {"name": name, "revision": 1}
            return client.patch(path("customers", customer.pk), body, format="json").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(change, ("One", "Two")))

    assert sorted(answers) == [200, 409]
    assert Customer.objects.get().name == ("One", "Two")[answers.index(200)]


def test_the_schema_names_the_revision_and_the_refusal(api):
    schema = api.get("/api/schema/", {"format": "json"}).json()
    assert "revision" in schema["components"]["schemas"]["Customer"]["properties"]
    change = schema["paths"]["/api/v1/customers/{id}/"]["patch"]["responses"]
    publish = schema["paths"]["/api/v1/bot-scenarios/{id}/publish/"]["post"]["responses"]
    for responses, name in [(change, "Customer"), (publish, "BotScenario")]:
        refusal = responses["409"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        current = schema["components"]["schemas"][refusal]["properties"]["current"]
        assert current == {"$ref": f"#/components/schemas/{name}"}
