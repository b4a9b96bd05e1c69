"""
Deleting a thing with all that hangs on it, and the receipt that stays.

Little is deleted at once. What is large is retired (it does nothing any more and nobody sees it) and deleted by a job.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.jobs.tasks import wake
from accounts.models import Deletion, User
from accounts.refusals import Refusal

from . import job
from .cascade import Cascade

#: A cascade of more rows is deleted by a job, if it is of a kind that can be retired.
AT_ONCE = 5000


def preview(instance):
    """What deleting this one thing would remove."""
    return Cascade(type(instance)._base_manager.filter(pk=instance.pk))


@again_after_deadlock
def delete(instance, requested_by=None):
    """
    Delete one thing with all that hangs on it, and return the Deletion: `done`, or `waiting` for a job. Raises
    Refusal: `still_needed` when something that stays points to it, `already_deleted`.
    """
    # Counted before anything is locked: what is large takes a second to count.
    cascade = preview(instance)
    is_large = cascade.total > AT_ONCE and hasattr(instance, "retire")
    with transaction.atomic():
        if under_way := _lock(instance):
            return under_way
        refuse_if_needed(instance, cascade)
        deletion = _asked_for(instance, requested_by, cascade)
        if is_large:
            _delete_by_job(deletion, instance)
        else:
            _delete_at_once(deletion, cascade)
    return deletion


def _lock(instance):
    """
    Keep the row, to which nothing new can be attached while it is locked. Returns the Deletion that somebody else
    began meanwhile, or None.
    """
    if not type(instance)._base_manager.select_for_update().filter(pk=instance.pk).values_list("pk"):
        raise Refusal("already_deleted", _("“%(name)s” has been deleted already.") % {"name": instance}, status=404)
    return Deletion.objects.open().filter(what=instance._meta.label_lower, object_id=instance.pk).first()


def _asked_for(instance, requested_by, cascade):
    return Deletion(
        business_id=getattr(instance, "business_id", None),
        what=instance._meta.label_lower,
        object_id=instance.pk,
        name=getattr(instance, "receipt_name", str(instance))[:300],
        requested_by=requested_by,
        requested_by_email=requested_by.email if requested_by else "",
        total=cascade.total,
        exported_at=getattr(instance, "exported_at", None),
    )


def refuse_if_needed(instance, cascade):
    """Raise Refusal("still_needed") when something that stays points to what would go."""
    if blockers := cascade.blockers():
        names = ", ".join(str(row) for row in blockers[:3])
        raise Refusal(
            "still_needed",
            _("“%(name)s” cannot be deleted: it is still needed by %(names)s. Change or delete those first.")
            % {"name": instance, "names": names},
        )


def _delete_by_job(deletion, instance):
    instance.retire()
    deletion.save()
    wake(job.JOB)


def _delete_at_once(deletion, cascade):
    deletion.started_at = timezone.now()
    deletion.note(cascade.remove())
    deletion.total, deletion.orphans = deletion.done, 0
    deletion.state, deletion.due_at = Deletion.State.DONE, None
    deletion.finished_at = timezone.now()
    # Whoever asked may be among what was deleted.
    deletion.requested_by = User.objects.filter(pk=deletion.requested_by_id).first()
    deletion.save()
