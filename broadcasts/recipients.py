"""How many people broadcasts reach in a month, which plans limit."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import plans
from accounts.models import Business

from .models import Broadcast, BroadcastMessage

#: Started, and not over.
LIVE = (Broadcast.Status.SCHEDULED, Broadcast.Status.SENDING, Broadcast.Status.PAUSED)

Status = BroadcastMessage.Status


def count_of_month(business: Business) -> int:
    """How many were written to in this month of the business's calendar, or wait in broadcasts that are live."""
    since = _beginning_of_month(business)
    written = Q(accepted_at__gte=since)
    waiting = Q(status__in=[Status.PLANNED, Status.SENDING], broadcast__status__in=LIVE)
    return messages_since(business, since).filter(written | waiting).count()


def messages_since(business: Business, since: datetime) -> QuerySet[BroadcastMessage]:
    """
    The messages of a business's broadcasts but for those that were over before: by the broadcasts, whose messages the
    database finds by an index.
    """
    broadcasts = Broadcast.objects.for_business(business).exclude(finished_at__lt=since)
    return BroadcastMessage.objects.filter(broadcast__in=broadcasts)


def _beginning_of_month(business: Business) -> datetime:
    today = timezone.now().astimezone(ZoneInfo(business.time_zone))
    return datetime(today.year, today.month, 1, tzinfo=today.tzinfo)


def check_limit(business: Business) -> None:
    """
    Raise Refusal("plan_limit") when live broadcasts reach more people than the plan allows. Called in the transaction
    that makes one live.
    """
    plans.check_limit(business, "broadcast_recipients_per_month", lambda: count_of_month(business))
