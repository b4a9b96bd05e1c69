"""How long customers waited for the first answer of people, and how many people had not to answer at all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Q

from accounts.models import Business, User
from crm.models import Conversation, Wait
from crm.teamwork.durations import duration

from .rows import Rows, counts

#: How long it is kept what every wait, or every conversation, of two weeks is read for.
KEPT_FOR = timedelta(minutes=5)

Found = TypeVar("Found")

Key = TypeVar("Key")


@dataclass(frozen=True)
class FirstAnswers:
    """How many waits were answered; within which time half of them, and nine of ten."""

    count: int
    median_seconds: int | None
    p90_seconds: int | None

    @property
    def median(self) -> str:
        return _readable(self.median_seconds)

    @property
    def p90(self) -> str:
        return _readable(self.p90_seconds)


@dataclass(frozen=True)
class Answered:
    """First answers of a time: all, and those of each person and number. Of nobody are programs and telephones."""

    all: FirstAnswers
    of_people: dict[int | None, FirstAnswers]
    of_numbers: dict[int, FirstAnswers]


@dataclass(frozen=True)
class SolvedByBots:
    """In how many conversations customers wrote, and in how many of these nobody had to answer."""

    conversations: int
    solved: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.solved / self.conversations) if self.conversations else None


def _readable(seconds: int | None) -> str:
    return "—" if seconds is None else duration(timedelta(seconds=seconds))


def _kept(key: str, find: Callable[[], Found]) -> Found:
    """What was found a few minutes ago, or is found now."""
    found: Found | None = cache.get(f"overview:{key}")
    if found is None:
        found = find()
        cache.set(f"overview:{key}", found, KEPT_FOR.total_seconds())
    return found


def answered_lately(
    business: Business, rows: Rows, begin: datetime, end: datetime, person: User | None = None
) -> Answered:
    """The first answers of many days: those of the last minutes may be missing."""
    key = f"answered:{business.pk}:{person.pk if person else ''}:{begin.isoformat()}:{end.isoformat()}"
    return _kept(key, lambda: answered(rows, begin, end, person))


def answered(rows: Rows, begin: datetime, end: datetime, person: User | None = None) -> Answered:
    """The first answers from one moment to another; with a person, theirs alone."""
    waits = rows(Wait).filter(ending=Wait.Ending.ANSWERED, ended_at__gte=begin, ended_at__lt=end)
    if person:
        waits = waits.filter(user=person)
    found: list[tuple[int | None, int, int]] = list(
        waits.order_by().values_list("user", "conversation__whatsapp_number", "waited_seconds")
    )
    return Answered(
        all=summary(seconds for _user, _number, seconds in found),
        of_people=_by((user, seconds) for user, _number, seconds in found),
        of_numbers=_by((number, seconds) for _user, number, seconds in found),
    )


def _by(pairs: Iterable[tuple[Key, int]]) -> dict[Key, FirstAnswers]:
    groups = defaultdict(list)
    for key, seconds in pairs:
        groups[key].append(seconds)
    return {key: summary(group) for key, group in groups.items()}


def summary(seconds: Iterable[int]) -> FirstAnswers:
    """What these waits were like, by the nearest rank."""
    ordered = sorted(seconds)
    return FirstAnswers(len(ordered), _percentile(ordered, 0.5), _percentile(ordered, 0.9))


def _percentile(ordered: Sequence[int], share: float) -> int | None:
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None


def solved_by_bots(business: Business, rows: Rows, begin: datetime) -> SolvedByBots:
    """Of the conversations in which customers wrote since a moment: those in which nobody was waited for since."""
    return _kept(f"solved:{business.pk}:{begin.isoformat()}", lambda: _solved_by_bots(rows, begin))


def _solved_by_bots(rows: Rows, begin: datetime) -> SolvedByBots:
    # What was said last is never older than what the customer wrote: the index of the list finds them.
    wrote = rows(Conversation).filter(last_message_at__gte=begin, last_inbound_at__gte=begin)
    waited = rows(Wait).filter(ended_at__gte=begin).values("conversation")
    found = counts(
        {
            "wrote": wrote,
            "wait": rows(Conversation).filter(waiting_since__isnull=False, last_inbound_at__gte=begin),
            "waited": rows(Conversation).filter(
                Q(pk__in=waited), waiting_since__isnull=True, last_inbound_at__gte=begin
            ),
        }
    )
    return SolvedByBots(found["wrote"], max(found["wrote"] - found["wait"] - found["waited"], 0))
