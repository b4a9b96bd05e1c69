"""How many people broadcasts reach in a month, which plans limit."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from accounts import plans

from .models import Broadcast, BroadcastMessage

#: Started, and not over.
LIVE = (Broadcast.Status.SCHEDULED, Broadcast.Status.SENDING, Broadcast.Status.PAUSED)

Status = BroadcastMessage.Status


def of_this_month(business):
    """Those written to in this month of the business's calendar, and those to whom live broadcasts are still to go."""
    since = beginning_of_month(business)
    written = Q(accepted_at__gte=since)
    waiting = Q(status__in=[Status.PLANNED, Status.SENDING], broadcast__status__in=LIVE)
    return of_broadcasts_since(business, since).filter(written | waiting).count()


def of_broadcasts_since(business, since):
    """
    The messages of a business's broadcasts but for those that were over before: by the broadcasts, whose messages the
    database finds by an index.
    """
    broadcasts = Broadcast.objects.for_business(business).exclude(finished_at__lt=since)
    return BroadcastMessage.objects.filter(broadcast__in=broadcasts)


def beginning_of_month(business):
    today = timezone.now().astimezone(ZoneInfo(business.time_zone))
    return datetime(today.year, today.month, 1, tzinfo=today.tzinfo)


def check_limit(business):
    """
    Raise Refusal("plan_limit") when live broadcasts reach more people than the plan allows. Called in the transaction
    that makes one live.
    """
    plans.check_limit(business, "broadcast_recipients_per_month", lambda: of_this_month(business))
