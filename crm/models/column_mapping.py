from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel


class ColumnMapping(TenantModel):
    """What the columns of files with certain headings are, as somebody of the business chose."""

    #: A digest of the headings in any order; see crm.customers.files.column_mappings.
    headings = models.CharField(max_length=64, editable=False)
    #: Pairs of a normalized heading and a column.
    columns = models.JSONField(editable=False)
    chosen_at = models.DateTimeField(_("chosen"), auto_now=True)

    class Meta:
        db_table = "column_mappings"
        verbose_name = _("choice of columns")
        verbose_name_plural = _("choices of columns")
        constraints = [models.UniqueConstraint(fields=["business", "headings"], name="column_mapping_unique")]

    def __str__(self) -> str:
        return self.headings
