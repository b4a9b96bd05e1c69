"""What is done with a deal: added in passing, and moved from stage to stage."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.deals import deals
from crm.models import Deal, DealPipeline, DealStage
from crm.models.deal import is_overdue
from crm.testing import make_conversation, make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(owner):
    return deals.create_deal(make_customer(owner.business), "Cake")


def stage_of(business, key):
    return DealStage.objects.get(business=business, key=key)


def test_a_moved_deal_remembers_since_when_it_is_in_its_stage(owner, deal):
    Deal.objects.update(moved_at=timezone.now() - timedelta(days=3))
    deal.refresh_from_db()

    deals.move(deal, stage_of(owner.business, "won"), owner)

    deal.refresh_from_db()
    assert deal.stage.key == "won"
    assert timezone.now() - deal.moved_at < timedelta(minutes=1)


def test_a_deal_moved_to_where_it_is_stays_as_it_was(owner, deal):
    before = deal.moved_at

    deals.move(deal, deal.stage, owner)

    deal.refresh_from_db()
    assert (deal.moved_at, deal.revision, LogEntry.objects.count()) == (before, 1, 0)


def test_whoever_loses_a_deal_is_asked_why(owner, deal):
    with pytest.raises(ValidationError) as refused:
        deals.move(deal, stage_of(owner.business, "lost"), owner, "  ")

    deal.refresh_from_db()
    assert (set(refused.value.error_dict), deal.stage.key) == ({"lost_reason"}, "new")


def test_the_reason_goes_when_a_lost_deal_is_taken_up_again(owner, deal):
    deals.move(deal, stage_of(owner.business, "lost"), owner, "Too expensive")
    deal.refresh_from_db()
    assert deal.lost_reason == "Too expensive"

    deals.move(deal, stage_of(owner.business, "new"), owner)

    deal.refresh_from_db()
    assert deal.lost_reason == ""


def test_a_move_is_in_the_history_with_its_reason(owner, deal):
    deals.move(deal, stage_of(owner.business, "lost"), owner, "Too expensive")

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (owner, str(deal.pk))
    assert entry.get_change_message() == "New → Lost: Too expensive"


def test_a_stage_of_another_business_is_none(owner, deal):
    stranger = make_customer()

    with pytest.raises(ValidationError) as refused:
        deals.move(deal, stage_of(stranger.business, "won"), owner)

    assert set(refused.value.error_dict) == {"stage"}


def test_a_deal_added_in_passing_is_of_who_adds_it_in_the_first_open_stage(owner, number):
    conversation = make_conversation(number)

    deal = deals.quick_add(conversation.customer, "Cake", None, owner, conversation=conversation)

    assert (deal.responsible, deal.stage.key, deal.amount, deal.currency) == (owner, "new", None, "RUB")


def test_without_any_stage_a_deal_is_refused_in_a_sentence(owner):
    DealStage.objects.all().delete()

    with pytest.raises(ValidationError) as refused:
        deals.quick_add(make_customer(owner.business), "Cake", None, owner)

    assert set(refused.value.error_dict) == {"stage"}


@pytest.mark.parametrize("key, hours, overdue", [("new", -1, True), ("new", 1, False), ("won", -1, False)])
def test_a_next_step_is_overdue_when_its_time_has_passed_and_the_deal_is_open(owner, deal, key, hours, overdue):
    deal.stage = stage_of(owner.business, key)
    deal.next_step_at = timezone.now() + timedelta(hours=hours)
    deal.save()

    assert deal.is_overdue is overdue
    assert Deal.objects.filter(is_overdue()).exists() is overdue


@pytest.mark.parametrize("amount, shown", [(None, "—"), (0, "—"), (1500, "1\u00a0500\u00a0RUB")])
def test_a_deal_whose_amount_nobody_has_named_shows_a_dash(owner, amount, shown):
    assert deals.create_deal(make_customer(owner.business), "Cake", amount).price == shown


def test_totals_of_a_business_go_pipeline_after_pipeline(owner):
    second = DealPipeline.objects.create(business=owner.business, name="Wholesale", position=1)
    DealStage.objects.create(business=owner.business, pipeline=second, key="asked", name="Asked", position=0)

    assert [total.stage.key for total in deals.totals(owner.business)] == [
        "new",
        "in_progress",
        "won",
        "lost",
        "asked",
    ]
