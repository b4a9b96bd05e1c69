"""A new bot, within what the business's plan allows."""

from typing import Any

from django.db import transaction
from django.utils import translation

from accounts import plans
from accounts.models import Business
from bots.models import Bot


@transaction.atomic
def create_bot(business: Business, **fields: Any) -> Bot:
    """Raises Refusal("plan_limit")."""
    check_plan(business)
    with translation.override(business.language):
        return Bot.objects.create(business=business, **fields)


def check_plan(business: Business) -> None:
    """Raise Refusal("plan_limit") when the business may not have one bot more."""
    plans.check_limit(business, "bots", lambda: Bot.objects.for_business(business).count() + 1)
