"""Pipelines and their stages, which people name and put in order."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin, TenantTabularInline
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.formsets import TenantInlineFormSet
from crm.deals.pipelines import last_position
from crm.deals.stage_keys import free_key
from crm.models import DealPipeline, DealStage


class RowForm(TenantModelForm):
    """A row of a table of fields, each of which says itself what it is: a table has no labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = capfirst(field.label or "")


class StageForm(RowForm):
    """
    A stage as people see it. Its key, by which programs know it, is made from its first name and stays. A new one
    whose position nobody has named comes last.
    """

    def save(self, commit: bool = True) -> Any:
        # Not earlier: of two stages of one name on one page, the second finds the key of the first taken.
        if not self.instance.key:
            self.instance.key = free_key(self.instance.business_id, self.cleaned_data["name"])
        if not self.instance.pk and "position" not in self.changed_data:
            self.instance.position = last_position(self.instance.pipeline) + 1
        return super().save(commit)


class StageFormSet(TenantInlineFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = gettext("Delete this stage")


class StageInline(TenantTabularInline):
    model = DealStage
    form = StageForm
    formset = StageFormSet
    fields = ["name", "kind", "position"]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj else 4


@admin.register(DealPipeline)
class DealPipelineAdmin(TenantModelAdmin):
    form = RowForm
    list_display = ["name", "position", "stage_count"]
    list_editable = ["position"]
    fields = ["name", "position"]
    inlines = [StageInline]
    change_form_template = "admin/crm/dealpipeline/change_form.html"
    empty_text = _("No pipelines yet. A pipeline is the way that deals go, stage by stage.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DealPipeline]:
        # Counting groups the rows, and Django leaves a model's own order out of groups.
        return super().get_queryset(request).annotate(stage_count=Count("stages")).order_by("position", "pk")

    @admin.display(description=_("stages"))
    def stage_count(self, pipeline: Any) -> int:
        return pipeline.stage_count


@admin.register(DealStage)
class DealStageAdmin(TenantModelAdmin):
    form = StageForm
    list_display = ["name", "pipeline", "kind", "position"]
    list_editable = ["position"]
    list_filter = ["pipeline", "kind"]
    list_select_related = ["pipeline"]
    fields = ["name", "pipeline", "kind", "position"]
