"""All that the first page shows a person, and the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, Role, User
from crm.models import Conversation
from whatsapp.models import WhatsAppNumber

from . import answers, deals, first_steps, spans, waiting
from .answers import Answered, FirstAnswers
from .chart import chart
from .needs import found_needs
from .rows import Rows, rows_of

#: Days that the first page shows, and days that may be asked for at once.
SHOWN_DAYS = 14
MAX_DAYS = 92
FIRST_YEAR = 2000


@dataclass(frozen=True)
class Line:
    """What a person or a number had to do with waits: how many are there now, and the first answers."""

    pk: int
    name: str
    waiting: int
    answers: FirstAnswers


@dataclass(frozen=True)
class Period:
    """Days of a business's calendar, both ends included. Raises ValidationError for what is none."""

    business: Business
    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first.year < FIRST_YEAR or self.last > spans.today_of(self.business):
            raise ValidationError(_("Ask for days from 2000 up to today."))
        if self.first > self.last:
            raise ValidationError({"from": _("This day comes after the last one.")})
        if (self.last - self.first).days >= MAX_DAYS:
            raise ValidationError({"from": _("At most 92 days. Ask for them piece by piece.")})

    @classmethod
    def shown(cls, business: Business) -> "Period":
        return cls.asked(business, None, None)

    @classmethod
    def asked(cls, business: Business, first: date | None, last: date | None) -> "Period":
        """From a day to a day; without the last up to today, without the first as many as are shown."""
        last = last or spans.today_of(business)
        return cls(business, first or last - timedelta(days=SHOWN_DAYS - 1), last)

    @property
    def span(self) -> spans.Span:
        begin, end = (spans.begin_of(day, self.business) for day in (self.first, self.last + timedelta(days=1)))
        return begin, end

    @property
    def is_current(self) -> bool:
        return self.last >= spans.today_of(self.business)


def overview(business: Business, person: User, period: Period | None = None) -> dict[str, Any]:
    """
    What needs this person of a business, and how the shop stands. An operator sees their own work where it is by
    people; what is of the whole shop is for managers and owners.
    """
    rows, period = rows_of(business), period or Period.shown(business)
    is_operator = person.acting_role == Role.OPERATOR
    in_sight = waiting.of_business(rows(Conversation))
    who_waits = waiting.who_waits(in_sight)
    today, last_week = spans.today_and_last_week(business, rows)
    begin, end = period.span
    found = answers.answered_lately(business, rows, begin, end, person if is_operator else None)
    has_solved = period.is_current and not is_operator
    return {
        "needs": found_needs(rows, person),
        "waiting": who_waits,
        "mine": who_waits.of_people.get(person.pk, 0),
        "longest": waiting.longest(in_sight, person if is_operator else None),
        "today": today,
        "last_week": last_week,
        "period": period,
        "days": spans.days(business, rows, period.first, period.last, today),
        "answers": found.all,
        "answered_today": _answered_today(business, rows, person) if is_operator else None,
        "solved": answers.solved_by_bots(business, rows, begin) if has_solved else None,
        "people": [] if is_operator else _people(business, found, who_waits.of_people),
        "numbers": [] if is_operator else _numbers(rows, found, who_waits.of_numbers),
        "deals": deals.open_deals(rows),
        "is_operator": is_operator,
    }


def page(business: Business, person: User) -> dict[str, Any]:
    """What the first page shows: a new business sees its first steps, and the rest once a customer was answered."""
    steps = first_steps.first_steps(business) if person.has_perm("accounts.view_business") else None
    shown = overview(business, person)
    return {
        **shown,
        "first_steps": steps,
        "is_new": steps is not None and not steps.is_answered,
        "chart": chart(shown["days"]),
        # Those have a place of their own.
        "needs": [need for need in shown["needs"] if need.kind not in ("waiting", "closing", *_said(steps))],
        "inbox": {queue: waiting.inbox_url(queue) for queue in ("waiting", "mine", "unassigned")},
        "closing_url": waiting.inbox_url("waiting", closing="yes"),
    }


def _said(steps: first_steps.FirstSteps | None) -> list[str]:
    """What the first steps say already."""
    return ["no_number"] if steps else []


def _answered_today(business: Business, rows: Rows, person: User) -> FirstAnswers:
    today = spans.today_of(business)
    return answers.answered(rows, *Period(business, today, today).span, person=person).all


def _people(business: Business, found: Answered, waits: Mapping[int | None, int]) -> list[Line]:
    """Those who answered and those who are waited for, the busiest first."""
    names = {person.pk: str(person) for person in business.people.order_by("pk")}
    lines = [
        Line(pk, names[pk], waits.get(pk, 0), found.of_people.get(pk, answers.summary([])))
        for pk in names
        if pk in found.of_people or pk in waits
    ]
    return sorted(lines, key=lambda line: (-line.answers.count, -line.waiting, line.name))


def _numbers(rows: Rows, found: Answered, waits: Mapping[int, int]) -> list[Line]:
    return [
        Line(number.pk, str(number), waits.get(number.pk, 0), found.of_numbers.get(number.pk, answers.summary([])))
        for number in rows(WhatsAppNumber).order_by("pk")
    ]
