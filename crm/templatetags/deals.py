"""What templates show of deals."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import pgettext

from crm.deals.pipelines import pipelines_of
from crm.models import Customer, DealStage

register = template.Library()

#: Open deals of one customer that are shown beside a conversation.
MAX_SHOWN = 20


@register.simple_tag
def deals_of(customer: Customer) -> dict[str, Any]:
    """The open deals of a customer, how many are closed, and the stages that a deal may be moved to."""
    deals = customer.deals.select_related("stage").order_by("-moved_at", "-pk")
    is_open = {"stage__kind": DealStage.Kind.OPEN}
    return {
        "open": deals.filter(**is_open)[:MAX_SHOWN],
        "closed": customer.deals.exclude(**is_open).count(),
        "pipelines": pipelines_of(customer.business),
    }


@register.filter
def age(moment: datetime) -> str:
    """How long ago it was, in one unit: 3 days."""
    is_new = moment > timezone.now() - timedelta(minutes=1)
    return pgettext("deal", "just now") if is_new else timesince(moment, depth=1)


@register.simple_tag
def new_key() -> str:
    """A key by which a form is known when it is sent twice."""
    return str(uuid4())
