"""What is done with a deal."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import Deal, DealStage


def create_deal(customer, title, amount=0, stage_key="new", conversation=None):
    """A deal in the business's currency, in the stage with this key."""
    stage = DealStage.objects.filter(business=customer.business_id, key=stage_key).first()
    if stage is None:
        raise ValidationError(
            {"stage": ValidationError(_("There is no deal stage “%(key)s”."), params={"key": stage_key})}
        )
    deal = Deal(
        business_id=customer.business_id,
        customer=customer,
        conversation=conversation,
        title=title,
        amount=amount,
        currency=customer.business.currency,
        stage=stage,
    )
    deal.full_clean(exclude=["business"])
    deal.save()
    return deal
