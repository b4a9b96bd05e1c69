"""
Deletes large cascades in many small transactions, so that others can write meanwhile and a kill loses nothing.

Each transaction records the progress; the next worker asks the database what is left.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from math import inf
from typing import Any

from django.apps import apps
from django.contrib.admin.models import DELETION, LogEntry
from django.db import models, transaction
from django.utils import timezone

from accounts.database.pacing import let_others_write
from accounts.jobs.job import Job
from accounts.jobs.job import advance as advance_row
from accounts.models import Deletion, SelectedRow, Selection

from .cascade import Cascade, references_to

#: How long a worker holds a row.
LEASE = timedelta(minutes=1)

#: Rows per transaction. Each takes some hundredths of a second, in which nobody else can write to SQLite.
BATCH = 10_000

#: Selected rows that are looked up together: the database lists them for each kind that may depend on them.
SELECTED_BATCH = 5000


def advance(deletion: Deletion, seconds: float = inf) -> bool:
    """Delete more of this, for some seconds or until it is done. Returns whether more is left to do at once."""
    return advance_row(JOB, deletion, seconds)


def work(deletion: Deletion, seconds: float) -> bool:
    """Delete more of a claimed deletion, for some seconds or until it is done. Returns whether more is left."""
    try:
        return _work(deletion, time.monotonic() + seconds)
    except KeyboardInterrupt:
        JOB.release(deletion)
        raise


def _work(deletion: Deletion, deadline: float) -> bool:
    JOB.write(deletion, state=Deletion.State.RUNNING, started_at=deletion.started_at or timezone.now())
    model = _model(deletion)
    for rows in _roots(deletion, model):
        for cascade in small_cascades(rows):
            _remove(deletion, cascade)
            if time.monotonic() > deadline:
                return True
            let_others_write()
    orphans = 0
    for found in Cascade(model._base_manager.none()).orphans():
        orphans += found
        JOB.extend(deletion)
    _finish(deletion, orphans)
    return False


def _model(deletion: Deletion) -> type[models.Model]:
    """The model of the rows that are deleted with what depends on them."""
    selection = Selection.objects.filter(pk=deletion.object_id).first() if deletion.is_of_selection else None
    return apps.get_model(selection.what if selection else deletion.what)


def _roots(deletion: Deletion, model: type[models.Model]) -> Iterator[models.QuerySet[Any]]:
    """The rows that are left, in parts. What was chosen is forgotten part by part, once the rows are gone."""
    if not deletion.is_of_selection:
        yield model._base_manager.filter(pk=deletion.object_id)
        return
    selected = SelectedRow.objects.filter(selection=deletion.object_id).order_by("object_id")
    while ids := list(selected.values_list("object_id", flat=True)[:SELECTED_BATCH]):
        part = selected.filter(object_id__lte=ids[-1]).order_by()
        yield model._base_manager.filter(pk__in=part.values("object_id"))
        part.delete()


def small_cascades(rows: models.QuerySet[Any]) -> Iterator[Cascade]:
    """
    Cascades of at most BATCH rows that together make up that of these rows of one model. Each is to be removed before
    the next one is taken.
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
        # Three quarters of what would fit: more may depend on the next rows than on these.
        size = max(1, min(BATCH, len(pks) * BATCH * 3 // (4 * total or 1)))


def _parts(model: type[models.Model], pk: Any) -> Iterator[Cascade]:
    """Small cascades of nearly everything that depends on one row."""
    for key in sorted(filter(_may_go_first, references_to(model)), key=_is_part, reverse=True):
        yield from small_cascades(key.model._base_manager.filter(**{key.name: pk}))


def _may_go_first(key: Any) -> bool:
    """Whether rows are deleted along with what they refer to by this key, and no other row needs them."""
    needs = (models.PROTECT, models.RESTRICT)
    return key.remote_field.on_delete is models.CASCADE and not any(
        other.remote_field.on_delete in needs for other in references_to(key.model)
    )


def _is_part(key: Any) -> bool:
    """Whether rows are a part of what they refer to by this key. Once those are gone, other keys leave little."""
    return bool(key.name == (getattr(key.model, "tenant_parent", None) or "business"))


@transaction.atomic
def _remove(deletion: Deletion, cascade: Cascade) -> None:
    if _are_selected(deletion, cascade.root_model):
        _take_leave(deletion, cascade.roots)
    deletion.note(cascade.remove())
    JOB.extend(deletion, counts=deletion.counts, done=deletion.done)


def _take_leave(deletion: Deletion, rows: models.QuerySet[Any]) -> None:
    """Lock selected rows, so that nothing new can refer to them, and leave an entry in the history for each."""
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    if deletion.requested_by_id:
        LogEntry.objects.log_actions(deletion.requested_by_id, rows.select_related(), DELETION)


def _are_selected(deletion: Deletion, model: type[models.Model]) -> bool:
    """Whether rows of this model were chosen, rather than depend on what was."""
    return deletion.is_of_selection and _model(deletion) is model


@transaction.atomic
def _finish(deletion: Deletion, orphans: int) -> None:
    if deletion.is_of_selection:
        Selection.objects.filter(pk=deletion.object_id).delete()
    JOB.finish(deletion, state=Deletion.State.DONE, finished_at=timezone.now(), orphans=orphans)


JOB = Job(
    name="delete what is large",
    model=Deletion,
    work=work,
    queue="files",
    # For one transaction.
    lease=LEASE,
    # After an error, such as a deadlock with somebody who still writes. What is half deleted is never given up.
    delays=(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10)),
    rows=Deletion.objects.open,
)
