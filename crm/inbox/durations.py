"""How long something has lasted, or still lasts, in as few letters as people need in a list."""

from datetime import timedelta

from django.utils.translation import gettext

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def short(duration: timedelta) -> str:
    """Like “18 min”, “1 h 40 min”, “3 days”; what is under a minute is “1 min”."""
    minutes = max(1, duration // MINUTE)
    if duration < HOUR:
        return gettext("%(minutes)d min") % {"minutes": minutes}
    if duration < DAY:
        hours, rest = divmod(minutes, 60)
        if hours >= 3 or not rest:
            return gettext("%(hours)d h") % {"hours": hours}
        return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    return gettext("%(days)d d") % {"days": duration // DAY}
