import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.testing import make_owner
from crm.deals import deals
from crm.models import Deal, DealPipeline, DealStage
from crm.testing import make_conversation, make_customer
from crm.tests.calls import path, post

pytestmark = pytest.mark.django_db


def test_a_deal_gets_the_currency_of_the_business(api, owner):
    customer = make_customer(owner.business)
    stage = DealStage.objects.get(business=owner.business, key="new")

    response = post(api, path("deals"), {"customer": customer.pk, "title": "Cake", "amount": "10", "stage": stage.pk})

    assert response.status_code == 201
    assert response.json()["currency"] == "RUB"


def test_a_deal_with_anothers_customer_or_stage_is_refused_on_that_field(api, owner):
    stranger = make_customer()
    stage = DealStage.objects.get(business=stranger.business, key="new")

    response = post(api, path("deals"), {"customer": stranger.pk, "title": "Cake", "amount": "10", "stage": stage.pk})

    assert response.status_code == 400
    assert set(response.json()) == {"customer", "stage"}
    assert not Deal.objects.exists()


def test_a_deal_without_an_amount_adds_nothing_to_its_stage(api, owner):
    customer = make_customer(owner.business)
    deal = deals.create_deal(customer, "Cake", amount=None)

    assert api.get(path("deals", deal.pk)).json()["amount"] is None
    assert deal.price == "—"
    assert deals.totals(owner.business)[0].sums == {}

    deals.create_deal(customer, "Tea", amount=5)

    total = deals.totals(owner.business)[0]
    assert (total.count, total.sums) == (2, {"RUB": 5})


def test_stages_come_in_their_order(api):
    keys = [stage["key"] for stage in api.get(path("deal-stages")).json()["results"]]

    assert keys == ["new", "in_progress", "won", "lost"]


def test_a_stage_that_deals_need_stays(api, owner):
    deal = deals.create_deal(make_customer(owner.business), "Cake")

    response = api.delete(path("deal-stages", deal.stage_id))

    assert (response.status_code, response.json()["code"]) == (409, "still_needed")


def test_a_deal_stays_without_its_conversation_when_that_goes(api, owner, number):
    customer = make_customer(owner.business)
    conversation = make_conversation(number, customer)
    deal = deals.create_deal(customer, "Cake", conversation=conversation)

    api.delete(path("conversations", conversation.pk))

    deal.refresh_from_db()
    assert deal.conversation is None


def test_a_conversation_with_another_customer_is_refused(api, owner, number):
    deal = deals.create_deal(make_customer(owner.business), "Cake")

    response = api.patch(path("deals", deal.pk), {"conversation": make_conversation(number).pk}, format="json")

    assert (response.status_code, set(response.json())) == (400, {"conversation"})


def test_a_stage_is_made_with_a_key_of_its_own(api, owner):
    data = {"key": "paid", "name": "Paid", "position": 2, "kind": "won"}

    made = post(api, path("deal-stages"), data)
    again = post(api, path("deal-stages"), data)

    pipeline = DealPipeline.objects.get(business=owner.business).pk
    assert (made.status_code, {**made.json(), "id": 0}) == (
        201,
        {"id": 0, "revision": 1, "pipeline": pipeline, **data},
    )
    assert (again.status_code, set(again.json())) == (400, {"key"})


@pytest.mark.parametrize(("field", "value"), [("kind", "done"), ("key", "two words"), ("position", -1)])
def test_a_stage_that_cannot_be_is_refused_on_that_field(api, field, value):
    data = {"key": "paid", "name": "Paid", "position": 2, "kind": "won"}

    response = post(api, path("deal-stages"), {**data, field: value})

    assert (response.status_code, set(response.json())) == (400, {field})


def test_deals_are_filtered_by_customer_and_stage(api, owner):
    anna, ivan = make_customer(owner.business), make_customer(owner.business)
    new, won = deals.create_deal(anna, "Cake"), deals.create_deal(ivan, "Pie", stage_key="won")

    for query, expected in [({"customer": anna.pk}, new), ({"stage": won.stage_id}, won)]:
        assert [deal["id"] for deal in api.get(path("deals"), query).json()["results"]] == [expected.pk]


def test_totals_are_by_stage_and_currency(owner):
    customer = make_customer(owner.business)
    for amount, currency in [(100, "RUB"), (50, "RUB"), (7, "EUR")]:
        deal = deals.create_deal(customer, "Cake", amount)
        deal.currency = currency
        deal.save()
    deals.create_deal(make_customer(), "Another's", 1000)

    first, *others = deals.totals(owner.business)

    assert (first.stage.key, first.count, first.sums) == ("new", 3, {"EUR": 7, "RUB": 150})
    assert [(total.count, total.sums) for total in others] == [(0, {})] * 3


@pytest.fixture
def deal(owner):
    return deals.create_deal(make_customer(owner.business), "Cake")


def stage_of(owner, key):
    return DealStage.objects.get(business=owner.business, key=key)


def test_a_pipeline_is_made_changed_and_deleted(api, owner):
    made = post(api, path("deal-pipelines"), {"name": "Wholesale", "position": 1})
    changed = api.patch(path("deal-pipelines", made.json()["id"]), {"name": "Retail"}, format="json")
    gone = api.delete(path("deal-pipelines", made.json()["id"]))

    assert (made.status_code, changed.json()["name"], gone.status_code) == (201, "Retail", 204)


def test_a_pipeline_through_which_deals_go_stays(api, deal):
    response = api.delete(path("deal-pipelines", deal.stage.pipeline_id))

    assert (response.status_code, response.json()["code"]) == (409, "still_needed")


def test_a_stage_without_key_and_pipeline_gets_both(api, owner):
    made = post(api, path("deal-stages"), {"name": "Ждём оплату"}).json()

    pipeline = DealPipeline.objects.get(business=owner.business)
    assert (made["key"], made["pipeline"]) == ("zhdem_oplatu", pipeline.pk)


def test_a_stage_is_put_into_no_foreign_pipeline(api):
    foreign = DealPipeline.objects.get(business=make_customer().business)

    response = post(api, path("deal-stages"), {"name": "Paid", "pipeline": foreign.pk})

    assert (response.status_code, set(response.json())) == (400, {"pipeline"})


def test_a_deal_says_its_pipeline_who_is_responsible_and_what_comes_next(api, owner, deal):
    values = {"responsible": owner.pk, "next_step": "Call", "next_step_at": "2026-12-01T10:00:00Z"}

    changed = api.patch(path("deals", deal.pk), values, format="json").json()

    assert {name: changed[name] for name in values} == values
    assert changed["pipeline"] == deal.stage.pipeline_id


def test_nobody_of_another_business_is_responsible(api, deal):
    response = api.patch(path("deals", deal.pk), {"responsible": make_owner().pk}, format="json")

    assert (response.status_code, set(response.json())) == (400, {"responsible"})


def test_a_program_moves_a_deal_and_the_history_says_so(api, owner, deal):
    values = {"stage": stage_of(owner, "lost").pk, "lost_reason": "Too expensive", "title": "Big cake"}

    changed = api.patch(path("deals", deal.pk), values, format="json").json()

    deal.refresh_from_db()
    assert (deal.stage.key, deal.lost_reason, deal.title) == ("lost", "Too expensive", "Big cake")
    assert changed["revision"] == 2
    assert LogEntry.objects.get().change_message == "New → Lost: Too expensive"


def test_a_program_need_not_say_why_a_deal_is_lost(api, owner, deal):
    response = api.patch(path("deals", deal.pk), {"stage": stage_of(owner, "lost").pk}, format="json")

    assert (response.status_code, response.json()["lost_reason"]) == (200, "")


def test_the_reason_goes_when_a_deal_leaves_its_lost_stage(api, owner):
    deal = deals.create_deal(make_customer(owner.business), "Cake", stage_key="lost")
    api.patch(path("deals", deal.pk), {"lost_reason": "Too expensive"}, format="json")

    changed = api.patch(path("deals", deal.pk), {"stage": stage_of(owner, "new").pk}, format="json").json()

    assert changed["lost_reason"] == ""


def test_a_deal_that_is_not_lost_has_no_reason(api, deal):
    response = api.patch(path("deals", deal.pk), {"lost_reason": "Too expensive"}, format="json")

    assert (response.status_code, set(response.json())) == (400, {"lost_reason"})


def test_deals_are_filtered_by_pipeline_kind_person_and_lateness(api, owner, deal):
    second = DealPipeline.objects.create(business=owner.business, name="Wholesale", position=1)
    asked = DealStage.objects.create(business=owner.business, pipeline=second, key="asked", name="Asked")
    flour = deals.quick_add(deal.customer, "Flour", None, owner, asked)
    Deal.objects.filter(pk=flour.pk).update(next_step_at="2026-01-01T00:00:00Z")
    won = deals.create_deal(deal.customer, "Pie", stage_key="won")

    for query, expected in [
        ({"pipeline": second.pk}, [flour]),
        ({"stage__kind": "won"}, [won]),
        ({"responsible": owner.pk}, [flour]),
        ({"overdue": "true"}, [flour]),
        ({"overdue": "false"}, [won, deal]),
    ]:
        answer = api.get(path("deals"), query).json()["results"]
        assert [row["id"] for row in answer] == [row.pk for row in expected], query


def test_stages_are_filtered_by_pipeline(api, owner):
    second = DealPipeline.objects.create(business=owner.business, name="Wholesale", position=1)
    DealStage.objects.create(business=owner.business, pipeline=second, key="asked", name="Asked")

    answer = api.get(path("deal-stages"), {"pipeline": second.pk}).json()["results"]

    assert [stage["key"] for stage in answer] == ["asked"]


def test_the_queries_of_the_list_do_not_grow_with_its_deals(api, owner, deal, django_assert_max_num_queries):
    with CaptureQueriesContext(connection) as few:
        api.get(path("deals"))
    for _serial in range(4):
        deals.quick_add(make_customer(owner.business), "Pie", None, owner)

    with django_assert_max_num_queries(len(few)):
        api.get(path("deals"))
