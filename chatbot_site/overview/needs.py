"""What a business sees first: what needs a person, and what happened today."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import Business, Deletion, User
from broadcasts import recipients
from broadcasts.admin.message import StateFilter as RecipientStateFilter
from broadcasts.models import Broadcast, BroadcastMessage
from crm.admin.conversation import UnreadFilter
from crm.models import Conversation, Message
from whatsapp.admin.webhook_event import StateFilter as EventStateFilter
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.models.outbound import IS_OPEN
from whatsapp.numbers.issues import issues_of


@dataclass(frozen=True)
class Need:
    """One thing that waits for a person: a sentence, how many, and where to go."""

    kind: str
    count: int
    text: str
    url: str


#: All rows of a model that a business has.
Rows = Callable[[Any], Any]

#: How many lines about numbers there may be.
MAX_NUMBER_LINES = 10


def needs(business: Business, person: User | None = None) -> list[Need]:
    """What waits for a person, most urgent first; without what this one may not see."""
    rows = _rows_of(business)
    found = [
        *_of_numbers(rows),
        _paused_broadcasts(rows),
        _unread(rows),
        _unknown(rows),
        _unknown_of_broadcasts(rows),
        *([_given_up(rows)] if person is None or person.has_perm("whatsapp.view_webhookevent") else []),
    ]
    return [need for need in found if need.count]


def _rows_of(business: Business) -> Rows:
    """What the rows of a business are asked of. To leave out what is being deleted, each row would have to be read."""
    if Deletion.objects.open().exists():
        return lambda model: model.objects.for_business(business)
    return lambda model: model.objects.filter(business=business)


def _need(kind: str, count: int, text: str, url_name: str, query: str) -> Need:
    return Need(kind, count, text % {"count": count}, f"{reverse(f'admin:{url_name}_changelist')}?{query}")


def _of_numbers(rows: Rows) -> list[Need]:
    """A line for each thing that a number needs; what is switched off needs nothing for now."""
    numbers = rows(WhatsAppNumber)
    if not numbers:
        list_of_numbers = reverse("admin:whatsapp_whatsappnumber_changelist")
        return [Need("no_number", 1, gettext("Connect your first WhatsApp number"), list_of_numbers)]
    now = timezone.now()
    active = [number for number in numbers if number.is_active]
    found = [(number, need) for number in active for need in issues_of(number, now)]
    lines = [
        Need("numbers", 1, f"{number}: {need.text}", reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk]))
        for number, need in found[:MAX_NUMBER_LINES]
    ]
    left = len(found) - len(lines)
    text = ngettext("and %(count)s thing more about numbers", "and %(count)s things more about numbers", left)
    return [*lines, _need("numbers", left, text, "whatsapp_whatsappnumber", "is_active__exact=1")]


def _paused_broadcasts(rows: Rows) -> Need:
    count = rows(Broadcast).filter(status=Broadcast.Status.PAUSED).count()
    text = ngettext("%(count)s broadcast is paused", "%(count)s broadcasts are paused", count)
    return _need("paused_broadcasts", count, text, "broadcasts_broadcast", "status__exact=paused")


def _unread(rows: Rows) -> Need:
    count = rows(Conversation).filter(unread__gt=0, status="open").count()
    text = ngettext("%(count)s unread conversation", "%(count)s unread conversations", count)
    return _need("unread", count, text, "crm_conversation", UnreadFilter.query("yes"))


def _unknown(rows: Rows) -> Need:
    count = rows(Message).filter(status=Message.Status.UNKNOWN).count()
    text = ngettext(
        "%(count)s message may or may not have been sent: decide",
        "%(count)s messages may or may not have been sent: decide",
        count,
    )
    return _need("unknown", count, text, "crm_message", "status__exact=unknown")


def _unknown_of_broadcasts(rows: Rows) -> Need:
    # By their broadcasts: the index of the recipients begins with these.
    of_broadcasts = BroadcastMessage.objects.filter(broadcast__in=rows(Broadcast))
    count = of_broadcasts.filter(status=BroadcastMessage.Status.UNKNOWN).count()
    text = ngettext(
        "%(count)s message of a broadcast may or may not have been sent: decide",
        "%(count)s messages of broadcasts may or may not have been sent: decide",
        count,
    )
    return _need(
        "unknown_of_broadcasts", count, text, "broadcasts_broadcastmessage", RecipientStateFilter.query("unknown")
    )


def _given_up(rows: Rows) -> Need:
    count = rows(WebhookEvent).parked().count()
    text = ngettext(
        "%(count)s webhook event could not be processed", "%(count)s webhook events could not be processed", count
    )
    return _need("webhook_events", count, text, "whatsapp_webhookevent", EventStateFilter.query("given_up"))


def today(business: Business) -> dict[str, int]:
    """
    How many messages were received and sent since midnight of the active time zone, and how many failed; those of
    broadcasts included.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = _rows_of(business)
    written = _written_since(midnight, rows(Message), rows(WhatsAppNumber))
    failed = Q(status="failed")
    broadcast = recipients.messages_since(business, midnight).aggregate(
        sent=Count("pk", filter=Q(accepted_at__gte=midnight) & ~failed), failed=Count("pk", filter=failed)
    )
    return {**written, **{name: written[name] + count for name, count in broadcast.items()}}


def _written_since(since: datetime, messages: QuerySet[Any], numbers: QuerySet[Any]) -> dict[str, int]:
    """
    How many messages of conversations were received and sent, and how many failed. Each is counted in an index that
    holds no other rows, so that a day of many messages is not read; what was sent is the rest of what was to be.
    """
    rows = messages.filter(created_at__gte=since)
    failed, unknown = (rows.filter(status=status).count() for status in ("failed", "unknown"))
    unsent = failed + unknown + rows.filter(IS_OPEN, whatsapp_number__in=numbers).count()
    return {
        "received": rows.filter(direction="in").count(),
        "sent": rows.filter(direction="out").count() - unsent,
        "failed": failed,
    }


def overview(business: Business, person: User) -> dict[str, Any]:
    """What needs this person of a business, and what happened there today."""
    return {"needs": needs(business, person), "today": today(business)}
