"""How long something took, in few words."""

from datetime import timedelta

from django.utils.translation import gettext as _


def duration(length: timedelta) -> str:
    """For example “40 s”, “12 min”, “3 h 5 min”, “2 d 4 h”."""
    seconds = max(int(length.total_seconds()), 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not minutes:
        return _("%(seconds)s s") % {"seconds": seconds}
    if not hours:
        return _("%(minutes)s min") % {"minutes": minutes}
    if not days and not minutes % 60:
        return _("%(hours)s h") % {"hours": hours}
    if not days:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours % 24}
