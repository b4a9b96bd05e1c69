"""When people are at work: for each day spans like 09:00-18:00. Pure."""

import re
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: The days as `office_hours` names them, in the order of date.weekday().
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–—]\s*(\d{1,2})(?::(\d\d))?")
_MAX_SPANS = 10


def is_open(office_hours: dict[str, list[str]], now: datetime) -> bool:
    """Whether a moment, in the business's time zone, lies in the hours; with none written down it always does."""
    if not office_hours:
        return True
    clock = f"{now:%H:%M}"
    today, yesterday = (_spans(office_hours, moment) for moment in (now, now - timedelta(days=1)))
    return any(begin <= clock and (clock < end or end <= begin) for begin, end in today) or any(
        end <= begin and clock < end for begin, end in yesterday
    )


def _spans(office_hours: dict[str, list[str]], moment: datetime) -> list[list[str]]:
    """When the hours of a moment's day begin and end; those that end no later than they begin end the day after."""
    return [span.split("-") for span in office_hours.get(DAYS[moment.weekday()], [])]


def clean_office_hours(value: Any) -> dict[str, list[str]]:
    """Office hours in their one form: days without hours left out. Raises ValidationError."""
    if not isinstance(value, dict) or set(value) - set(DAYS):
        raise ValidationError(_("Write hours by day: %(days)s."), params={"days": ", ".join(DAYS)})
    cleaned = {}
    for day in DAYS:
        written = value.get(day, [])
        if (
            not isinstance(written, list)
            or len(written) > _MAX_SPANS
            or not all(isinstance(it, str) for it in written)
        ):
            raise ValidationError(_("The hours of a day are a list like 09:00-13:00, 14:00-18:00."))
        if written:
            cleaned[day] = [read_span(span) for span in written]
    return cleaned


def read_span(text: str) -> str:
    """09:00-18:00, also from 9-18. It may end after midnight. Raises ValidationError."""
    found = _SPAN.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        begin_hour, begin_minute, end_hour, end_minute = (int(part or 0) for part in found.groups())
        begin = time(begin_hour, begin_minute)
        end = time(end_hour % 24 if end_minute == 0 else end_hour, end_minute)
    except ValueError as error:
        raise ValidationError(
            _("Write hours like 9:00-18:00; “%(text)s” is not."), params={"text": text[:40]}
        ) from error
    return f"{begin:%H:%M}-{'24:00' if end_hour == 24 else f'{end:%H:%M}'}"
