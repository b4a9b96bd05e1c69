"""Until when people put conversations off, in the time zone that is active: their business's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: When a working day begins.
MORNING = 9


@dataclass(frozen=True)
class Until:
    """A moment that people choose by a name."""

    label: str | Promise
    of: Callable[[datetime], datetime]


def _morning(now: datetime, days: int) -> datetime:
    day = timezone.localtime(now).replace(tzinfo=None) + timedelta(days=days)
    return timezone.make_aware(day.replace(hour=MORNING, minute=0, second=0, microsecond=0))


CHOICES: dict[str, Until] = {
    "hour": Until(_("In 1 hour"), lambda now: now + timedelta(hours=1)),
    "hours": Until(_("In 3 hours"), lambda now: now + timedelta(hours=3)),
    "tomorrow": Until(_("Tomorrow at 9:00"), lambda now: _morning(now, 1)),
    "monday": Until(_("On Monday at 9:00"), lambda now: _morning(now, 7 - timezone.localtime(now).weekday())),
}


def moment_of(choice: str) -> datetime:
    """The moment of a choice, or of a date and time as a browser writes them. Raises ValidationError on `until`."""
    if choice in CHOICES:
        return CHOICES[choice].of(timezone.now())
    try:
        moment = datetime.fromisoformat(choice)
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    except (ValueError, OverflowError):
        raise ValidationError({"until": _("Choose a date and a time.")}, code="invalid") from None
