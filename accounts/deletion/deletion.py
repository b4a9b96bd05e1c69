"""
Deleting a row with everything that depends on it, and the receipt that stays.

Small cascades are deleted at once. The root of a large one is retired (it does nothing any more, and nobody sees it),
and a job deletes it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.jobs.tasks import wake
from accounts.models import Deletion, User
from accounts.refusals import Refusal

from . import job
from .cascade import Cascade

#: A cascade of more rows is deleted by a job, if its root can be retired.
MAX_ROWS_AT_ONCE = 5000

#: Roots deleted in one transaction: each of its statements lists all of them.
MAX_ROWS_TOGETHER = 500


def preview(instance: models.Model) -> Cascade:
    """What deleting this row would delete with it."""
    return Cascade(type(instance)._base_manager.filter(pk=instance.pk))


@again_after_deadlock
def delete(instance: models.Model, requested_by: User | None = None) -> Deletion:
    """
    Delete a row with everything that depends on it. Returns the Deletion: `done`, or `waiting` for a job. Raises
    Refusal: `still_needed` when a row that stays needs it, `already_deleted`.
    """
    # Counted before anything is locked: counting a large cascade takes a second.
    cascade = preview(instance)
    is_large = cascade.total > MAX_ROWS_AT_ONCE and hasattr(instance, "retire")
    with transaction.atomic():
        if under_way := _lock(instance):
            return under_way
        _check_not_needed(instance, cascade)
        deletion = _new_deletion(instance, requested_by)
        if is_large:
            deletion.total = cascade.total
            _delete_by_job(deletion, instance)
        else:
            _delete_at_once(deletion, cascade)
    return deletion


def delete_all(instances: Iterable[models.Model], requested_by: User | None = None) -> list[Deletion]:
    """
    Delete rows of one model with everything that depends on them, in few transactions; each has a receipt of its own.
    Raises what `delete` raises; the rows before the refused one are deleted then.
    """
    instances = list(instances)
    deletions: list[Deletion] = []
    for start in range(0, len(instances), MAX_ROWS_TOGETHER):
        deletions += _delete_or_halve(instances[start : start + MAX_ROWS_TOGETHER], requested_by)
    return deletions


def _delete_or_halve(instances: list[models.Model], requested_by: User | None) -> list[Deletion]:
    """Delete these rows together if possible, otherwise each half by itself."""
    if len(instances) == 1:
        return [delete(instances[0], requested_by)]
    deletions = _delete_together(instances, requested_by)
    if deletions is None:
        middle = len(instances) // 2
        deletions = _delete_or_halve(instances[:middle], requested_by)
        deletions += _delete_or_halve(instances[middle:], requested_by)
    return deletions


@again_after_deadlock
def _delete_together(instances: list[models.Model], requested_by: User | None) -> list[Deletion] | None:
    """Delete all of these in one transaction, or none (returns None) if they are too many or one is to be refused."""
    rows = type(instances[0])._base_manager.filter(pk__in=[instance.pk for instance in instances])
    cascade = Cascade(rows)
    if cascade.total > MAX_ROWS_AT_ONCE:
        return None
    with transaction.atomic():
        pks = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
        if len(pks) < len(instances) or _open_deletions(rows.model, pks).exists() or cascade.blockers():
            return None
        deletions = [_new_deletion(instance, requested_by) for instance in instances]
        removed = cascade.counts_by_root()
        started_at = timezone.now()
        cascade.remove()
        for deletion in deletions:
            _finish(deletion, removed[deletion.object_id], started_at)
        _clear_deleted_person(deletions)
        Deletion.objects.bulk_create(deletions)
    return deletions


def _lock(instance: models.Model) -> Deletion | None:
    """
    Lock the row, so that nothing new can refer to it. Returns the Deletion that somebody else has begun meanwhile, or
    None. Raises Refusal("already_deleted").
    """
    if not type(instance)._base_manager.select_for_update().filter(pk=instance.pk).values_list("pk"):
        raise Refusal("already_deleted", _("“%(name)s” has already been deleted.") % {"name": instance}, status=404)
    return _open_deletions(type(instance), [instance.pk]).first()


def _open_deletions(model: type[models.Model], pks: list[Any]) -> models.QuerySet[Deletion]:
    deletions: models.QuerySet[Deletion] = Deletion.objects.open()
    return deletions.filter(what=model._meta.label_lower, object_id__in=pks)


def _new_deletion(instance: models.Model, requested_by: User | None) -> Deletion:
    return Deletion(
        business_id=getattr(instance, "business_id", None),
        what=instance._meta.label_lower,
        object_id=instance.pk,
        name=getattr(instance, "receipt_name", str(instance))[:300],
        requested_by=requested_by,
        requested_by_email=requested_by.email if requested_by else "",
        exported_at=getattr(instance, "exported_at", None),
    )


def _check_not_needed(instance: models.Model, cascade: Cascade) -> None:
    """Raise Refusal("still_needed") when a row that stays needs one that would be deleted."""
    if blockers := cascade.blockers():
        names = ", ".join(str(row) for row in blockers[:3])
        raise Refusal(
            "still_needed",
            _("“%(name)s” cannot be deleted: it is still needed by %(names)s. Change or delete those first.")
            % {"name": instance, "names": names},
        )


def _delete_by_job(deletion: Deletion, instance: Any) -> None:
    instance.retire()
    deletion.save()
    wake(job.JOB)


def _delete_at_once(deletion: Deletion, cascade: Cascade) -> None:
    started_at = timezone.now()
    _finish(deletion, cascade.remove(), started_at)
    _clear_deleted_person([deletion])
    deletion.save()


def _finish(deletion: Deletion, removed: Mapping[type[models.Model], int], started_at: datetime) -> None:
    """Turn an unsaved deletion into a receipt, by model → how many of its rows were deleted."""
    deletion.note(removed)
    deletion.total, deletion.orphans = deletion.done, 0
    deletion.state, deletion.due_at = Deletion.State.DONE, None
    deletion.started_at, deletion.finished_at = started_at, timezone.now()


def _clear_deleted_person(deletions: list[Deletion]) -> None:
    """Clear `requested_by`, the same for all, when that person was among what was deleted."""
    requested_by = User.objects.filter(pk=deletions[0].requested_by_id).first()
    for deletion in deletions:
        deletion.requested_by = requested_by
