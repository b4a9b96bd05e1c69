import pytest

from crm import deals
from crm.models import Deal, DealStage
from crm.testing import make_customer

from .calls import path, post

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


def test_stages_come_in_their_order(api):
    keys = [stage["key"] for stage in api.get(path("deal-stages")).json()["results"]]

    assert keys == ["new", "in_progress", "won", "lost"]


def test_a_stage_that_deals_need_stays(api, owner):
    deal = deals.create_deal(make_customer(owner.business), "Cake")

    response = api.delete(path("deal-stages", deal.stage_id))

    assert (response.status_code, response.json()["code"]) == (409, "still_needed")
