"""What needs a person now, each with a link to where it can be done."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import Business, User
from broadcasts.admin.message import StateFilter as RecipientStateFilter
from broadcasts.models import Broadcast, BroadcastMessage
from crm.models import Conversation, Message
from whatsapp.admin.webhook_event import StateFilter as EventStateFilter
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers.issues import issues_of

from .rows import Rows, counts, rows_of
from .waiting import closing_soon, inbox_url, of_business


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
    return found_needs(rows_of(business), person)


def found_needs(rows: Rows, person: User | None) -> list[Need]:
    """The same of the rows of a business."""
    found = [*_of_numbers(rows), *_counted(rows, person)]
    return [need for need in found if need.count]


def _counted(rows: Rows, person: User | None) -> list[Need]:
    """What is counted, in one statement."""
    waiting = of_business(rows(Conversation))
    # By their broadcasts: the index of the recipients begins with these.
    recipients = BroadcastMessage.objects.filter(broadcast__in=rows(Broadcast))
    asked: dict[str, QuerySet[Any]] = {
        "waiting": waiting,
        "closing": waiting.filter(closing_soon(timezone.now())),
        "paused_broadcasts": rows(Broadcast).filter(status=Broadcast.Status.PAUSED),
        "unknown": rows(Message).filter(status=Message.Status.UNKNOWN),
        "unknown_of_broadcasts": recipients.filter(status=BroadcastMessage.Status.UNKNOWN),
    }
    if person is None or person.has_perm("whatsapp.view_webhookevent"):
        asked["webhook_events"] = rows(WebhookEvent).parked()
    return [Need(kind, count, _text(kind, count), _url(kind)) for kind, count in counts(asked).items()]


def _text(kind: str, count: int) -> str:
    text = {
        "waiting": ngettext("%(count)s customer waits for an answer", "%(count)s customers wait for an answer", count),
        "closing": ngettext(
            "%(count)s of them can be answered freely for less than two hours",
            "%(count)s of them can be answered freely for less than two hours",
            count,
        ),
        "paused_broadcasts": ngettext("%(count)s broadcast is paused", "%(count)s broadcasts are paused", count),
        "unknown": ngettext(
            "%(count)s message may or may not have been sent: decide",
            "%(count)s messages may or may not have been sent: decide",
            count,
        ),
        "unknown_of_broadcasts": ngettext(
            "%(count)s message of a broadcast may or may not have been sent: decide",
            "%(count)s messages of broadcasts may or may not have been sent: decide",
            count,
        ),
        "webhook_events": ngettext(
            "%(count)s webhook event could not be processed", "%(count)s webhook events could not be processed", count
        ),
    }[kind]
    return text % {"count": count}


def _url(kind: str) -> str:
    if kind == "waiting":
        return inbox_url("waiting")
    if kind == "closing":
        return inbox_url("waiting", closing="yes")
    name, query = {
        "paused_broadcasts": ("broadcasts_broadcast", "status__exact=paused"),
        "unknown": ("crm_message", "status__exact=unknown"),
        "unknown_of_broadcasts": ("broadcasts_broadcastmessage", RecipientStateFilter.query("unknown")),
        "webhook_events": ("whatsapp_webhookevent", EventStateFilter.query("given_up")),
    }[kind]
    return f"{reverse(f'admin:{name}_changelist')}?{query}"


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
    url = f"{reverse('admin:whatsapp_whatsappnumber_changelist')}?is_active__exact=1"
    return [*lines, Need("numbers", left, text % {"count": left}, url)]
