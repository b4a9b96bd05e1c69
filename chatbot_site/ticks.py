"""What the ticks that look for due rows seek. The clock gives none of them that would find nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.jobs import registry
from accounts.jobs.ticks import Sought
from broadcasts.models import Broadcast
from crm.models import Message
from crm.teamwork import alerts, assignment
from whatsapp.models import IS_OPEN, OutboundMessage, outbound_models


def expired_sends(now: datetime) -> Iterable[QuerySet[Any]]:
    status = OutboundMessage.Status.SENDING
    return [model.objects.filter(IS_OPEN, status=status, lease_until__lte=now) for model in outbound_models()]


def waiting_sends(now: datetime) -> Iterable[QuerySet[Any]]:
    """Replies by themselves, and whole broadcasts: each of these ends soon after its last message."""
    on_time = Q(due_at__isnull=True) | Q(due_at__lte=now)
    return [Message.objects.filter(IS_OPEN, on_time, status=Message.waits_as), *sending_broadcasts(now)]


def sending_broadcasts(now: datetime) -> Iterable[QuerySet[Any]]:
    return [Broadcast.objects.filter(status=Broadcast.Status.SENDING)]


def scheduled_broadcasts(now: datetime) -> Iterable[QuerySet[Any]]:
    return [Broadcast.objects.filter(status=Broadcast.Status.SCHEDULED, scheduled_at__lte=now)]


def waiting_turns(now: datetime) -> Iterable[QuerySet[Any]]:
    return [Message.objects.filter(direction=Message.Direction.IN, automated_at__isnull=True)]


def who_waits(now: datetime) -> Iterable[QuerySet[Any]]:
    return [alerts.overdue(now)]


def unassigned_waits(now: datetime) -> Iterable[QuerySet[Any]]:
    return [assignment.unassigned(now)]


def held_waits(now: datetime) -> Iterable[QuerySet[Any]]:
    return [assignment.held(now)]


def sought() -> dict[str, Sought]:
    """By the names of CELERY_BEAT_SCHEDULE. A tick that is not here is given whenever it is its time."""
    return {
        "settle sends whose lease ran out": expired_sends,
        "send messages that are due": waiting_sends,
        "end broadcasts of which nothing is left": sending_broadcasts,
        "start broadcasts whose time has come": scheduled_broadcasts,
        "take bot turns that are due": waiting_turns,
        "write to people about who waits": who_waits,
        "give who waits to those who are present": unassigned_waits,
        "take back what nobody answers": held_waits,
        **registry.sought_by_ticks(),
    }
