"""
Rows that one worker at a time goes on with: who has set `lease_until` holds the row until then, and writes to it only
while nobody took it over.
"""

from django.utils import timezone


class TakenOver(Exception):
    """Somebody else goes on with the row, because the lease ran out, or nobody does any more."""


def held(row, within=None):
    """The row, as long as whoever has this instance holds it, and it is in the queryset `within`."""
    rows = type(row)._base_manager.all() if within is None else within
    return rows.filter(pk=row.pk, lease_until=row.lease_until)


def write_down(row, within=None, **news):
    """Update a row that is held. Raises TakenOver, which undoes what the transaction did."""
    if not held(row, within).update(**news):
        raise TakenOver
    for name, value in news.items():
        setattr(row, name, value)


def try_again(row, after, error):
    """Let go of a row that is held, to be gone on with some time (a timedelta) from now; the error is noted on it."""
    held(row).update(lease_until=timezone.now() + after, last_error=f"{type(error).__name__}: {error}"[:2000])
