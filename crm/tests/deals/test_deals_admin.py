"""The list and the form of deals."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_owner
from crm.deals import deals
from crm.models import Deal, DealStage
from crm.testing import make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def deal(owner):
    return deals.create_deal(make_customer(owner.business), "Cake", amount=None)


def save(page, deal, **values):
    data = {"title": deal.title, "customer": deal.customer_id, "stage": deal.stage_id, "currency": "RUB", **values}
    return page.post(reverse("admin:crm_deal_change", args=[deal.pk]), data)


def errors(response):
    return response.context["adminform"].form.errors


@pytest.mark.parametrize("typed, stored", [("1500,50", "1500.50"), ("1 500", "1500.00"), ("", "None")])
def test_an_amount_is_typed_as_people_write_it(page, deal, typed, stored):
    save(page, deal, amount=typed)

    deal.refresh_from_db()
    assert str(deal.amount) == stored


def test_an_amount_that_cannot_be_read_is_refused_on_its_field(page, deal):
    assert set(errors(save(page, deal, amount="1.500"))) == {"amount"}


@pytest.mark.parametrize("language, shown", [("en", "1500.50"), ("ru", "1500,50")])
def test_the_form_shows_an_amount_that_it_can_read_again(client, language, shown):
    owner = make_owner(language=language)
    deal = deals.create_deal(make_customer(owner.business), "Cake", "1500.5")
    client.force_login(owner)

    page = client.get(reverse("admin:crm_deal_change", args=[deal.pk]))

    assert f'value="{shown}"' in page.text


def test_the_form_asks_why_a_deal_is_lost(page, owner, deal):
    lost = DealStage.objects.get(business=owner.business, key="lost").pk
    assert set(errors(save(page, deal, stage=lost))) == {"lost_reason"}

    save(page, deal, stage=lost, lost_reason="Too expensive")

    deal.refresh_from_db()
    assert (deal.stage_id, deal.lost_reason) == (lost, "Too expensive")


def test_a_deal_lost_without_a_reason_can_be_edited(page, owner):
    deal = deals.create_deal(make_customer(owner.business), "Cake", stage_key="lost")

    save(page, deal, title="Big cake")

    deal.refresh_from_db()
    assert deal.title == "Big cake"


def test_the_form_remembers_since_when_a_deal_is_in_its_stage(page, owner, deal):
    Deal.objects.update(moved_at=timezone.now() - timedelta(days=3))

    save(page, deal, title="Big cake")
    deal.refresh_from_db()
    assert timezone.now() - deal.moved_at > timedelta(days=2)

    save(page, deal, stage=DealStage.objects.get(business=owner.business, key="won").pk)
    deal.refresh_from_db()
    assert timezone.now() - deal.moved_at < timedelta(minutes=1)


def test_the_list_shows_a_dash_for_no_amount_and_marks_what_is_overdue(page, deal):
    Deal.objects.update(next_step="Call", next_step_at=timezone.now() - timedelta(days=1))

    html = page.get(reverse("admin:crm_deal_changelist")).text

    assert '<td class="field-price">—</td>' in html
    assert 'Call <time class="deal-due overdue">' in html


def test_the_board_and_the_list_lead_to_each_other(page):
    board, listed = reverse("admin:crm_deal_board"), reverse("admin:crm_deal_changelist")

    assert f'href="{listed}"' in page.get(board).text
    assert f'href="{board}"' in page.get(listed).text


def test_the_next_step_is_due_in_the_time_zone_of_the_business(page, owner, deal):
    save(page, deal, next_step="Call", next_step_at="2026-12-01T10:00")

    deal.refresh_from_db()
    zone = ZoneInfo(owner.business.time_zone)
    assert deal.next_step_at == datetime(2026, 12, 1, 10, tzinfo=zone)
    assert 'value="2026-12-01T10:00"' in page.get(reverse("admin:crm_deal_change", args=[deal.pk])).text
