"""
Deleting a thing with all that hangs on it, and the receipt that stays.

Little is deleted at once. What is large is retired (it does nothing any more and nobody sees it) and deleted by a job.
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

#: A cascade of more rows is deleted by a job, if it is of a kind that can be retired.
MAX_ROWS_AT_ONCE = 5000

#: Of rows that are deleted together, so many at most in one transaction: each of its statements names all of them.
MAX_ROWS_TOGETHER = 500


def preview(instance: models.Model) -> Cascade:
    """What deleting this one thing would remove."""
    return Cascade(type(instance)._base_manager.filter(pk=instance.pk))


@again_after_deadlock
def delete(instance: models.Model, requested_by: User | None = None) -> Deletion:
    """
    Delete one thing with all that hangs on it, and return the Deletion: `done`, or `waiting` for a job. Raises
    Refusal: `still_needed` when something that stays points to it, `already_deleted`.
    """
    # Counted before anything is locked: what is large takes a second to count.
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
    Delete things of one model, each with all that hangs on it and with a receipt of its own, in few transactions.
    Raises what `delete` raises, with those deleted that came before the refused one.
    """
    instances = list(instances)
    deletions: list[Deletion] = []
    for start in range(0, len(instances), MAX_ROWS_TOGETHER):
        deletions += _delete_or_halve(instances[start : start + MAX_ROWS_TOGETHER], requested_by)
    return deletions


def _delete_or_halve(instances: list[models.Model], requested_by: User | None) -> list[Deletion]:
    """Delete together what can go together; otherwise each half by itself."""
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
    """Delete all of these in one transaction, or nothing and return None: they are many, or one is to be refused."""
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
        _forget_a_deleted_person(deletions)
        Deletion.objects.bulk_create(deletions)
    return deletions


def _lock(instance: models.Model) -> Deletion | None:
    """
    Keep the row, to which nothing new can be attached while it is locked. Returns the Deletion that somebody else
    began meanwhile, or None.
    """
    if not type(instance)._base_manager.select_for_update().filter(pk=instance.pk).values_list("pk"):
        raise Refusal("already_deleted", _("“%(name)s” has been deleted already.") % {"name": instance}, status=404)
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
    """Raise Refusal("still_needed") when something that stays points to what would go."""
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
    _forget_a_deleted_person([deletion])
    deletion.save()


def _finish(deletion: Deletion, removed: Mapping[type[models.Model], int], started_at: datetime) -> None:
    """Make a receipt of an unsaved deletion, by model → how many rows went."""
    deletion.note(removed)
    deletion.total, deletion.orphans = deletion.done, 0
    deletion.state, deletion.due_at = Deletion.State.DONE, None
    deletion.started_at, deletion.finished_at = started_at, timezone.now()


def _forget_a_deleted_person(deletions: list[Deletion]) -> None:
    """Whoever asked, the same person for all, may be among what was deleted."""
    requested_by = User.objects.filter(pk=deletions[0].requested_by_id).first()
    for deletion in deletions:
        deletion.requested_by = requested_by
