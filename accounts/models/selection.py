from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _


class Selection(models.Model):
    """
    Rows of one model as somebody chose them in a list, kept so that exactly these are deleted: those that match later
    are not among them. Gone when the deletion is done, or after a day without one.
    """

    what = models.CharField(max_length=100, help_text=_("The kind of thing, as app.model."))
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "selections"
        verbose_name = _("selection")
        verbose_name_plural = _("selections")

    def __str__(self) -> str:
        return f"{self.what} ({self.pk})"

    def rows(self) -> models.QuerySet[Any]:
        """The chosen rows that are still there."""
        return apps.get_model(self.what)._base_manager.filter(pk__in=self.selected.values("object_id"))


class SelectedRow(models.Model):
    """One of the rows of a selection, by its id."""

    selection = models.ForeignKey(Selection, on_delete=models.CASCADE, related_name="selected", db_index=False)
    object_id = models.BigIntegerField()

    class Meta:
        db_table = "selected_rows"
        verbose_name = _("selected row")
        verbose_name_plural = _("selected rows")
        # Serves: the rows of a selection.
        constraints = [models.UniqueConstraint(fields=["selection", "object_id"], name="row_selected_once")]

    def __str__(self) -> str:
        return str(self.object_id)
