"""Deleting many rows that were chosen together: they are written down, and a job deletes these and no others."""

from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.database.bulk_insert import insert_rows
from accounts.jobs.tasks import wake
from accounts.models import Deletion, SelectedRow, Selection, User
from accounts.refusals import Refusal
from accounts.templatetags.accounts import grouped

from . import job
from .cascade import Cascade

#: For how long a selection waits for a person to confirm the deletion.
RETENTION = timedelta(days=1)


@transaction.atomic
def select(model: type[models.Model], pks: list[Any], user: User | None) -> Selection:
    """Write down the rows of a model with these primary keys, as whoever may delete them has chosen them."""
    selection = Selection.objects.create(what=model._meta.label_lower, user=user)
    insert_rows(SelectedRow, ("selection", "object_id"), [(selection.pk, pk) for pk in pks])
    return selection


def find(pk: str, model: type[models.Model], user: User) -> Selection | Deletion:
    """
    The selection of a model's rows that this person made, or its deletion if that is done. Raises
    Refusal("selection_gone").
    """
    number = int(pk) if pk.isdecimal() and len(pk) < 19 else 0
    selection = Selection.objects.filter(pk=number, what=model._meta.label_lower, user=user).first()
    found = selection or _deletions().filter(object_id=number, requested_by=user).first()
    if found is None:
        text = _("These rows are no longer kept as they were chosen. Choose them again.")
        raise Refusal("selection_gone", text, status=404)
    return found


def delete(selection: Selection, requested_by: User | None = None) -> Deletion:
    """
    Have a job delete the selected rows with everything that depends on them. Returns the Deletion, `waiting`; the same
    when asked twice. Raises Refusal("still_needed") when a row that stays needs one of them.
    """
    cascade = Cascade(selection.rows())
    total, name = cascade.total, _name(selection)
    with transaction.atomic():
        if begun := _begun(selection):
            return begun
        if blockers := cascade.blockers():
            names = ", ".join(str(row) for row in blockers[:3])
            message = _("Not all of these can be deleted: %(names)s still need them. Change or delete those first.")
            raise Refusal("still_needed", message % {"names": names})
        deletion = Deletion.objects.create(
            business_id=_business(selection.rows()),
            what=Selection._meta.label_lower,
            object_id=selection.pk,
            name=name,
            requested_by=requested_by,
            requested_by_email=requested_by.email if requested_by else "",
            total=total,
        )
        wake(job.JOB)
    return deletion


def _begun(selection: Selection) -> Deletion | None:
    """The deletion of a selection that has begun. Locks the selection, so that it begins once."""
    Selection.objects.select_for_update().filter(pk=selection.pk).first()
    return _deletions().filter(object_id=selection.pk).first()


def _deletions() -> models.QuerySet[Deletion]:
    """The deletions of selections."""
    return Deletion.objects.filter(what=Selection._meta.label_lower)


def _business(rows: models.QuerySet[Any]) -> int | None:
    """The business of the rows; None where a platform administrator chose rows of several."""
    businesses = list(rows.order_by().values_list("business", flat=True).distinct()[:2])
    return businesses[0] if len(businesses) == 1 else None


def _name(selection: Selection) -> str:
    """What is deleted, for people: Customers: 1,100."""
    rows = selection.rows()
    return f"{capfirst(str(rows.model._meta.verbose_name_plural))}: {grouped(rows.count())}"


def prune() -> int:
    """Delete the selections whose deletion nobody confirmed. Returns how many."""
    old = Selection.objects.filter(created_at__lt=timezone.now() - RETENTION)
    begun = _deletions().values("object_id")
    count: int = old.exclude(pk__in=begun).delete()[1].get(Selection._meta.label, 0)
    return count
