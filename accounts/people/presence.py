"""Who is present: whoever has had a page open within the last two minutes."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Business, User

#: So long somebody is present after a page of theirs was asked for, which is noted this often at most.
PRESENT_FOR = timedelta(minutes=2)
NOTED_EVERY = timedelta(minutes=1)


def note(person: User) -> None:
    """A page of a member of a business is asked for. Writes at most once a minute; signing in counts too."""
    now = timezone.now()
    last = max(filter(None, [person.last_seen_at, person.last_login]), default=None)
    if last is None or last < now - NOTED_EVERY:
        User.objects.filter(pk=person.pk).update(last_seen_at=now)


def is_present(now: datetime) -> Q:
    """The condition that a person is present at a moment."""
    since = now - PRESENT_FOR
    return Q(is_active=True) & (Q(last_seen_at__gte=since) | Q(last_login__gte=since))


def present(business: Business, now: datetime) -> QuerySet[User]:
    """The people of a business who are present."""
    return User.objects.filter(is_present(now), business=business)
