"""What is done with a deal."""

from decimal import Decimal

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, User
from crm.models import Conversation, Customer, Deal, DealStage

from .board import StageTotal, totals_of
from .pipelines import first_stage

REASON_NEEDED = _("Say in a few words why the deal was lost.")


def create_deal(
    customer: Customer,
    title: str,
    amount: Decimal | int | str | None = 0,
    stage_key: str = "new",
    conversation: Conversation | None = None,
) -> Deal:
    """
    Create a deal in the business's currency, in the stage with this key; None for an amount that is not known. Raises
    ValidationError by field.
    """
    stage = DealStage.objects.filter(business=customer.business_id, key=stage_key).first()
    if stage is None:
        raise ValidationError(
            {"stage": ValidationError(_("There is no deal stage “%(key)s”."), params={"key": stage_key})}
        )
    return _create(customer, stage, title=title, amount=amount, conversation=conversation)


def quick_add(
    customer: Customer,
    title: str,
    amount: Decimal | None,
    user: User,
    stage: DealStage | None = None,
    conversation: Conversation | None = None,
) -> Deal:
    """
    A deal that a person adds in passing, who is then responsible for it; where no stage is named, in the first one.
    Raises ValidationError by field.
    """
    stage = stage or first_stage(customer.business)
    if stage is None:
        raise ValidationError({"stage": ValidationError(_("There are no stages yet. Add one first."))})
    return _create(customer, stage, title=title, amount=amount, conversation=conversation, responsible=user)


def _create(customer: Customer, stage: DealStage, **values: object) -> Deal:
    currency = customer.business.currency
    deal = Deal(business_id=customer.business_id, customer=customer, stage=stage, currency=currency, **values)
    deal.full_clean(exclude=["business"])
    deal.save()
    return deal


@transaction.atomic
def move(deal: Deal, stage: DealStage, user: User | None, lost_reason: str = "") -> None:
    """
    Put a deal into a stage, and note in its history who did. Raises ValidationError by field: a person says why a deal
    is lost.
    """
    if stage.is_lost and not deal.stage.is_lost and not lost_reason.strip():
        raise ValidationError({"lost_reason": ValidationError(REASON_NEEDED, code="required")})
    before = deal.stage
    changed = deal.put_into(stage, lost_reason)
    if not changed:
        return
    deal.full_clean(exclude=["business"])
    deal.save(update_fields=changed)
    note_move(deal, before, user)


def note_move(deal: Deal, before: DealStage, user: User | None) -> None:
    """Write into the history of a deal from where to where a person, or their program, has put it."""
    if user is None:
        return
    text = f"{before} → {deal.stage}"
    if deal.lost_reason:
        text = f"{text}: {deal.lost_reason}"
    LogEntry.objects.log_actions(user.pk, [deal], CHANGE, change_message=text, single_object=True)


def totals(business: Business) -> list[StageTotal]:
    """A StageTotal for every stage, pipeline after pipeline."""
    stages = DealStage.objects.for_business(business).order_by("pipeline__position", "pipeline", "position", "pk")
    return totals_of(Deal.objects.for_business(business), stages)
