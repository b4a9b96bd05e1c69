"""
Letters about what needs a person: customers who wait too long, and numbers. Each person gets one letter in half an
hour at most, with all that needs them, and only when something of it is new to them.

A letter is noted before it is sent and the note undone when it is refused, so that two workers never send the same.
Whoever is killed between the two has noted a letter that nobody gets; what is new after that is told of as ever.
"""

import logging
import smtplib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Business, MailedAlert, Role, User
from crm.models import Conversation
from whatsapp.models import WhatsAppNumber

from . import letters
from .assignment import waiting
from .letters import Trouble

logger = logging.getLogger(__name__)

#: How often a person is written to at most.
EVERY = timedelta(minutes=30)

#: An issue that comes back so soon is the one that was told of.
RETURNS_WITHIN = timedelta(hours=6)
#: How long it is kept what a person was told of.
RETENTION = timedelta(days=30)

#: Of what is read of a business at once, and for how many seconds letters are sent by one tick.
MAX_WAITING = 500
SECONDS = 30


@dataclass
class Alert:
    """What a letter tells of: who waits, and what numbers need. Each has a subject, by which it is told of once."""

    waits: list[Conversation] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def subjects(self) -> list[str]:
        return [
            *(f"wait:{row.pk}:{row.waiting_since.isoformat()}" for row in self.waits if row.waiting_since),
            *map(subject_of, self.troubles),
        ]


def subject_of(trouble: Trouble) -> str:
    number, code = trouble
    return f"number:{number.pk}:{code}"[:120]


def overdue(now: datetime) -> QuerySet[Conversation]:
    """Who waits where people are written to about it; not each of them for too long yet."""
    wanted = Q(business__alerts_after__isnull=False, business__is_suspended=False)
    return Conversation.objects.filter(wanted, waiting_since__isnull=False, waiting_since__lte=now)


def write_of_waits() -> int:
    """Write to people about customers who wait too long. Returns how many letters were sent."""
    now = timezone.now()
    found = Business.objects.filter(pk__in=overdue(now).order_by().values("business"))
    return _send_letters([business for business in found if business.is_at_work(now)], now)


def write_of_numbers() -> int:
    """Write to owners about what their numbers need. Returns how many letters were sent."""
    now = timezone.now()
    MailedAlert.objects.filter(mailed_at__lt=now - RETENTION).delete()
    return _send_letters(Business.objects.filter(alerts_about_numbers=True, is_suspended=False), now)


def _send_letters(businesses: Iterable[Business], now: datetime) -> int:
    deadline = time.monotonic() + SECONDS
    sent = 0
    for business in businesses:
        for person, alert in _letters_of(business, now):
            if not (claimed := _claim(person, alert, now)):
                continue
            if not _send(person, alert, claimed, now):
                # The server takes nothing now; the next tick goes on.
                return sent
            sent += 1
            if time.monotonic() > deadline:
                return sent
    return sent


def _letters_of(business: Business, now: datetime) -> Iterator[tuple[User, Alert]]:
    """The people of a business whom something concerns, and what."""
    waits = _waits(business, now)
    troubles = _troubles(business, now)
    people = {person.pk: person for person in business.people.filter(is_active=True).order_by("pk")}
    written_lately = {pk for pk, person in people.items() if person.alerted_at and person.alerted_at > now - EVERY}
    alerts = {pk: Alert() for pk in people}
    owners = [person.pk for person in people.values() if person.role == Role.OWNER]
    for row in waits:
        for pk in [row.assignee_id] if row.assignee_id in people else owners:
            alerts[pk].waits.append(row)
    for pk in owners:
        alerts[pk].troubles = troubles
    for pk, person in people.items():
        person.business = business
        if pk not in written_lately and alerts[pk].subjects():
            yield person, alerts[pk]


def _waits(business: Business, now: datetime) -> list[Conversation]:
    """Who waits too long, the longest first; nobody outside of working hours."""
    if business.alerts_after is None or not business.is_at_work(now):
        return []
    since = now - timedelta(minutes=business.alerts_after)
    rows = waiting().filter(business=business, waiting_since__lte=since).select_related("customer", "whatsapp_number")
    return list(rows.order_by("waiting_since", "pk")[:MAX_WAITING])


def _troubles(business: Business, now: datetime) -> list[Trouble]:
    """What the numbers of a business need. What is over is forgotten, so that it is told of when it comes again."""
    if not business.alerts_about_numbers:
        return []
    numbers = WhatsAppNumber.objects.for_business(business).filter(is_active=True)
    troubles = [trouble for number in numbers for trouble in letters.troubles_of(number, now)]
    known = MailedAlert.objects.filter(
        user__business=business, subject__startswith="number:", mailed_at__lt=now - RETURNS_WITHIN
    )
    known.exclude(subject__in=map(subject_of, troubles)).delete()
    return troubles


@transaction.atomic
def _claim(person: User, alert: Alert, now: datetime) -> list[str]:
    """
    Note that a person is told of this now, unless they were written to lately. Returns the subjects that are new to
    them; none: they are not to be written to.
    """
    subjects = alert.subjects()
    known = MailedAlert.objects.filter(user=person, subject__in=subjects).values_list("subject", flat=True)
    new = sorted(set(subjects) - set(known))
    not_lately = Q(alerted_at__isnull=True) | Q(alerted_at__lte=now - EVERY)
    if not new or not User.objects.filter(not_lately, pk=person.pk).update(alerted_at=now):
        return []
    rows = [MailedAlert(business=person.business, user=person, subject=subject) for subject in new]
    MailedAlert.objects.bulk_create(rows, ignore_conflicts=True)
    return new


def _send(person: User, alert: Alert, subjects: list[str], now: datetime) -> bool:
    """
    Send a letter. Returns whether the server takes letters; where not, it is as if nothing had been claimed. That it
    refuses an address concerns that person alone.
    """
    try:
        letters.send(person, alert.waits, alert.troubles, now)
    except smtplib.SMTPRecipientsRefused as error:
        logger.warning("The mail server refuses the address of person %s: %s", person.pk, error)
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("A letter to person %s was not sent, and is tried again: %s", person.pk, error)
        with transaction.atomic():
            User.objects.filter(pk=person.pk, alerted_at=now).update(alerted_at=person.alerted_at)
            MailedAlert.objects.filter(user=person, subject__in=subjects).delete()
        return False
    return True
