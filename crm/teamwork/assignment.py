"""Who waits is given to somebody who is present, and taken back from whoever does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import Business, User
from accounts.people import presence
from crm.conversations import conversations
from crm.models import Conversation
from crm.models.conversation import is_snoozed

#: How many dialogues of a business are given or taken back in one look.
MAX_AT_ONCE = 100

#: How often each person is named: their open dialogues that wait, and all that are open.
Loads = dict[User, tuple[int, int]]


def waiting() -> QuerySet[Conversation]:
    """What waits for a person and is in sight."""
    return Conversation.objects.filter(~is_snoozed(), waiting_since__isnull=False, status=Conversation.Status.OPEN)


def unassigned(now: datetime) -> QuerySet[Conversation]:
    """What waits for nobody in particular, where dialogues are assigned automatically."""
    automatic = Q(business__assigns_automatically=True, business__is_suspended=False)
    return Conversation.objects.filter(
        automatic, waiting_since__isnull=False, waiting_since__lte=now, assignee__isnull=True
    )


def held(now: datetime) -> QuerySet[Conversation]:
    """What waits for an assignee, where it is taken back."""
    returning = Q(business__returns_after__isnull=False, business__is_suspended=False)
    return Conversation.objects.filter(
        returning, waiting_since__isnull=False, waiting_since__lte=now, assignee__isnull=False
    )


def assign_waiting() -> int:
    """Give who waits for nobody in particular to those who are present. Returns how many were given."""
    now = timezone.now()
    businesses = Business.objects.filter(pk__in=unassigned(now).order_by().values("business"))
    return sum(_assign(business, now) for business in businesses)


def _assign(business: Business, now: datetime) -> int:
    loads = _loads(business, now)
    if not loads:
        return 0
    rows = waiting().filter(business=business, assignee__isnull=True).order_by("waiting_since", "pk")
    given = 0
    for pk in list(rows.values_list("pk", flat=True)[:MAX_AT_ONCE]):
        with _locked(pk, assignee__isnull=True) as conversation:
            if conversation:
                conversations.assign(conversation, _next(loads))
                given += 1
    return given


def return_unanswered() -> int:
    """Take back what waits for an assignee too long, during working hours. Returns how many."""
    now = timezone.now()
    businesses = Business.objects.filter(pk__in=held(now).order_by().values("business"))
    return sum(_return(business, now) for business in businesses if business.is_at_work(now))


def _return(business: Business, now: datetime) -> int:
    assert business.returns_after is not None
    since = now - timedelta(minutes=business.returns_after)
    unanswered = Q(Q(assigned_at__isnull=True) | Q(assigned_at__lte=since), waiting_since__lte=since)
    rows = waiting().filter(unanswered, business=business, assignee__isnull=False).order_by("waiting_since", "pk")
    loads = _loads(business, now) if business.assigns_automatically else {}
    returned = 0
    for pk, assignee in list(rows.values_list("pk", "assignee")[:MAX_AT_ONCE]):
        others = {person: load for person, load in loads.items() if person.pk != assignee}
        # There is nobody to give it to but whoever has it.
        if loads and not others:
            continue
        with _locked(pk, unanswered, assignee=assignee) as conversation:
            if conversation:
                conversations.assign(conversation, _next(others) if others else None)
                loads |= others
                returned += 1
    return returned


def _loads(business: Business, now: datetime) -> Loads:
    """The people who are present, each with how much they have to answer."""
    people = list(presence.present(business, now).order_by("pk"))
    of_people = Conversation.objects.filter(
        business=business, status=Conversation.Status.OPEN, assignee__in=[person.pk for person in people]
    )
    counts = of_people.order_by().values("assignee").annotate(waiting=Count("waiting_since"), open=Count("pk"))
    known = {row["assignee"]: (row["waiting"], row["open"]) for row in counts}
    return {person: known.get(person.pk, (0, 0)) for person in people}


def _next(loads: Loads) -> User:
    """Whose turn it is: who has the fewest that wait, then the fewest at all. It counts as theirs from now on."""
    person = min(loads, key=lambda person: (*loads[person], person.pk))
    waits, is_open = loads[person]
    loads[person] = waits + 1, is_open + 1
    return person


@contextmanager
def _locked(pk: int, *conditions: Q, **values: Any) -> Iterator[Conversation | None]:
    """A conversation that still waits so, locked; None where it does not, or somebody else has it in hand."""
    with transaction.atomic():
        rows = waiting().filter(*conditions, pk=pk, **values)
        can_skip = connection.features.has_select_for_update_skip_locked
        yield rows.select_for_update(skip_locked=can_skip).first()
