"""What a business sees first: what needs a person, and what happened today."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import Business, User
from broadcasts import recipients
from broadcasts.admin.message import StateFilter as RecipientStateFilter
from broadcasts.models import Broadcast, BroadcastMessage
from crm.admin.conversation import UnreadFilter
from crm.models import Conversation, Message
from whatsapp.admin.webhook_event import StateFilter as EventStateFilter
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers.issues import issues_of


@dataclass(frozen=True)
class Need:
    """One thing that waits for a person: a sentence, how many, and where to go."""

    kind: str
    count: int
    text: str
    url: str


#: How many lines about numbers there may be.
MAX_NUMBER_LINES = 10


def needs(business: Business, person: User | None = None) -> list[Need]:
    """What waits for a person, most urgent first; without what this one may not see."""
    found = [
        *_of_numbers(business),
        _paused_broadcasts(business),
        _unread(business),
        _unknown(business),
        _unknown_of_broadcasts(business),
        *([_given_up(business)] if person is None or person.has_perm("whatsapp.view_webhookevent") else []),
    ]
    return [need for need in found if need.count]


def _need(kind: str, count: int, text: str, url_name: str, query: str) -> Need:
    return Need(kind, count, text % {"count": count}, f"{reverse(f'admin:{url_name}_changelist')}?{query}")


def _of_numbers(business: Business) -> list[Need]:
    """A line for each thing that a number needs; what is switched off needs nothing for now."""
    numbers = WhatsAppNumber.objects.for_business(business)
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


def _paused_broadcasts(business: Business) -> Need:
    count = Broadcast.objects.for_business(business).filter(status=Broadcast.Status.PAUSED).count()
    text = ngettext("%(count)s broadcast is paused", "%(count)s broadcasts are paused", count)
    return _need("paused_broadcasts", count, text, "broadcasts_broadcast", "status__exact=paused")


def _unread(business: Business) -> Need:
    count = Conversation.objects.for_business(business).filter(unread__gt=0, status="open").count()
    text = ngettext("%(count)s unread conversation", "%(count)s unread conversations", count)
    return _need("unread", count, text, "crm_conversation", UnreadFilter.query("yes"))


def _unknown(business: Business) -> Need:
    count = Message.objects.for_business(business).filter(status=Message.Status.UNKNOWN).count()
    text = ngettext(
        "%(count)s message may or may not have been sent: decide",
        "%(count)s messages may or may not have been sent: decide",
        count,
    )
    return _need("unknown", count, text, "crm_message", "status__exact=unknown")


def _unknown_of_broadcasts(business: Business) -> Need:
    # By their broadcasts: the index of the recipients begins with these.
    broadcasts = Broadcast.objects.for_business(business)
    count = BroadcastMessage.objects.filter(broadcast__in=broadcasts, status=BroadcastMessage.Status.UNKNOWN).count()
    text = ngettext(
        "%(count)s message of a broadcast may or may not have been sent: decide",
        "%(count)s messages of broadcasts may or may not have been sent: decide",
        count,
    )
    return _need(
        "unknown_of_broadcasts", count, text, "broadcasts_broadcastmessage", RecipientStateFilter.query("unknown")
    )


def _given_up(business: Business) -> Need:
    count = WebhookEvent.objects.for_business(business).parked().count()
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
    failed = Q(status="failed")
    written = (
        Message.objects.for_business(business)
        .filter(created_at__gte=midnight)
        .aggregate(
            received=Count("pk", filter=Q(direction="in")),
            sent=Count("pk", filter=Q(accepted_at__isnull=False) & ~failed),
            failed=Count("pk", filter=failed),
        )
    )
    broadcast = recipients.messages_since(business, midnight).aggregate(
        sent=Count("pk", filter=Q(accepted_at__gte=midnight) & ~failed), failed=Count("pk", filter=failed)
    )
    return {**written, **{name: written[name] + count for name, count in broadcast.items()}}


def overview(business: Business, person: User) -> dict[str, Any]:
    """What needs this person of a business, and what happened there today."""
    return {"needs": needs(business, person), "today": today(business)}
