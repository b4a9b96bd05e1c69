import pytest

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
