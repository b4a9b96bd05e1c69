"""Rows that people edit in forms, and by which a stale form is known."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.refusals import Refusal


class ChangedMeanwhile(Refusal):
    """The row is not what it was when whoever saves it opened it. Nothing was saved."""

    def __init__(self) -> None:
        text = _("Somebody changed this after you opened it. Look at what it is now, and repeat your change.")
        super().__init__("changed_meanwhile", text)


class Revisioned(models.Model):
    """
    A row with a `revision`, which counts its edits, so that whoever saves an older one is refused.

    An edit is a save that writes a column that people may edit (`editable`), whoever saves it: a form, a program, a
    bot or an import. What only machines write is `editable=False`, or written by a queryset's `update`, and makes no
    open form stale. Where an edit is in another table (tags), or is written past `save`, whoever writes it counts it:
    `count_edit`, or `revision=F("revision") + 1`.
    """

    revision = models.PositiveIntegerField(gettext_lazy("revision"), default=1, db_default=1, editable=False)

    # The revision to which the next thing is to be done, if that matters; it is never stored.
    expected_revision: int | None = None

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Raises ChangedMeanwhile when the row is no more of the revision that was expected."""
        if self._state.adding or not self._edits(update_fields):
            super().save(*args, update_fields=update_fields, **kwargs)
            return
        with transaction.atomic():
            # The row is ours from here on, and so is the revision that is read.
            self.count_edit()
            super().save(*args, update_fields=update_fields, **kwargs)

    def expect(self, revision: int | None) -> Self:
        """
        Let what is done next with this instance be done to this revision alone; None: to any. Raises ChangedMeanwhile
        at once when the row as it was loaded is of another one already.
        """
        if revision is not None and revision != self.revision:
            raise ChangedMeanwhile
        self.expected_revision = revision
        return self

    def count_edit(self) -> None:
        """
        Count an edit that `save` does not see; called in its transaction. One UPDATE, so that of two edits of a
        revision that was expected one wins. Raises ChangedMeanwhile for the other.
        """
        row = type(self)._base_manager.filter(pk=self.pk)
        of_revision = row if self.expected_revision is None else row.filter(revision=self.expected_revision)
        counted = of_revision.update(revision=F("revision") + 1)
        if not counted and self.expected_revision is not None:
            raise ChangedMeanwhile
        if self.expected_revision is None:
            self.revision = row.values_list("revision", flat=True).first() or self.revision
        else:
            self.revision = self.expected_revision + 1
        self.expected_revision = None

    def _edits(self, update_fields: Iterable[str] | None) -> bool:
        """Whether a save of these fields writes something that people may edit."""
        fields = [field for field in self._meta.concrete_fields if field.editable and not field.primary_key]
        written = None if update_fields is None else set(update_fields)
        return written is None or any({field.name, field.attname} & written for field in fields)
