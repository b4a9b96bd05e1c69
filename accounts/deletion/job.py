"""
Deletes what is large in many small transactions, so that others can write meanwhile, and a kill costs nothing.

How far it is, is written down with each of them; whoever goes on asks the database what is left.
"""

import logging
import time
from datetime import timedelta

from django.apps import apps
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.database.pacing import let_others_write
from accounts.jobs.leases import TakenOver, held, try_again, write_down
from accounts.models import Deletion

from .cascade import Cascade, references_to

logger = logging.getLogger(__name__)

#: Rows a transaction. It takes some hundredths of a second, in which nobody else writes to SQLite.
BATCH = 10_000


#: How long a worker has for a transaction before another one may go on.
LEASE = timedelta(minutes=1)

#: When it is tried again after an error, like a deadlock with somebody who still wrote.
AFTER_TROUBLE = timedelta(seconds=10)


def go_on(deletion, seconds=None):
    """
    Delete more, for some seconds or until it is done; one worker at a time. Returns whether we could go on at once.
    """
    if not _claim(deletion):
        return False
    try:
        return _go_on(deletion, seconds)
    except TakenOver:
        return False
    except KeyboardInterrupt:
        held(deletion).update(lease_until=None)
        raise
    except Exception as error:
        logger.exception("Deletion %s stopped, and is tried again.", deletion.pk)
        try_again(deletion, AFTER_TROUBLE, error)
        return False


def give_back_abandoned():
    """Make all deletions due, for a process that starts as the only one on this database."""
    return Deletion.objects.open().update(lease_until=None)


def _claim(deletion):
    now = timezone.now()
    claimed = Deletion.objects.due().filter(pk=deletion.pk)
    return claimed.update(
        state=Deletion.State.RUNNING, started_at=Coalesce("started_at", Value(now)), lease_until=now + LEASE
    )


def _go_on(deletion, seconds):
    deletion.refresh_from_db()
    enough = None if seconds is None else time.monotonic() + seconds
    model = apps.get_model(deletion.what)
    for cascade in small_cascades(model._base_manager.filter(pk=deletion.object_id)):
        _remove(deletion, cascade)
        if enough and time.monotonic() > enough:
            write_down(deletion, lease_until=None)
            return True
        let_others_write()
    orphans = 0
    for found in Cascade(model._base_manager.none()).orphans():
        orphans += found
        write_down(deletion, lease_until=timezone.now() + LEASE)
    write_down(
        deletion,
        state=Deletion.State.DONE,
        finished_at=timezone.now(),
        lease_until=None,
        last_error="",
        orphans=orphans,
    )
    return False


def small_cascades(rows):
    """
    Cascades of BATCH rows at most, which together are that of these rows of one model. Each is to be removed before
    the next is asked for.
    """
    rest, size = rows.order_by("pk"), BATCH
    while pks := list(rest.values_list("pk", flat=True)[:size]):
        cascade = Cascade(rest.filter(pk__lte=pks[-1]).order_by())
        total = cascade.total
        if total > BATCH and len(pks) == 1:
            yield from _parts(rows.model, pks[0])
        if total <= BATCH or len(pks) == 1:
            yield cascade
            rest = rows.filter(pk__gt=pks[-1]).order_by("pk")
        # Three quarters of what fits, since the next rows may have more hanging on them than these.
        size = max(1, min(BATCH, len(pks) * BATCH * 3 // (4 * total or 1)))


def _parts(model, pk):
    """Small cascades of nearly all that hangs on one row."""
    for key in sorted(filter(_may_go_first, references_to(model)), key=_is_part, reverse=True):
        yield from small_cascades(key.model._base_manager.filter(**{key.name: pk}))


def _may_go_first(key):
    """Whether rows go with what they name by this key, and nothing that goes too needs them until then."""
    needs = (models.PROTECT, models.RESTRICT)
    return key.remote_field.on_delete is models.CASCADE and not any(
        other.remote_field.on_delete in needs for other in references_to(key.model)
    )


def _is_part(key):
    """Whether rows are a part of what they name by this key. Once those are gone, little is left by other keys."""
    return key.name == (getattr(key.model, "tenant_parent", None) or "business")


@transaction.atomic
def _remove(deletion, cascade):
    deletion.note(cascade.remove())
    write_down(deletion, counts=deletion.counts, done=deletion.done, lease_until=timezone.now() + LEASE)
