"""
Admin classes that see one business only: in lists, change pages, selects, sidebars, look-ups and deletions.

Every ModelAdmin and inline of the project inherits these. Platform administrators see all businesses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from accounts.deletion.admin import DeletesCascades
from accounts.models import Revisioned
from accounts.refusals import Refusal

from .admin_checks import TenantInlineChecks, TenantModelAdminChecks
from .admin_history import name_fields
from .admin_links import TenantAdminForm
from .admin_pagination import LongChangeList, LongListPaginator, paginator_for
from .forms import TenantModelForm, with_choice_of_business
from .formsets import TenantInlineFormSet, TenantModelFormSet
from .list_filters import TenantRelatedFilter
from .scope import scope, signed_in
from .widgets import (
    StorableModelMultipleChoiceField,
    TenantAutocompleteSelect,
    TenantAutocompleteSelectMultiple,
    storable,
)

logger = logging.getLogger(__name__)

#: The look-ups that the link of a filter may end in. Regular expressions are not among them: SQLite runs them in
#: Python, for as long as they take.
FILTER_LOOKUPS = {"exact", "in", "isnull", "gt", "gte", "lt", "lte", "year", "month", "day", "date"}

MAX_INLINE_ROWS = 100

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:
    BaseModelAdmin = admin.options.BaseModelAdmin[Any]
    ModelAdmin = admin.ModelAdmin[Any]
    InlineModelAdmin = admin.options.InlineModelAdmin[Any, Any]
    TabularInline = admin.TabularInline[Any, Any]
    StackedInline = admin.StackedInline[Any, Any]
else:
    BaseModelAdmin = InlineModelAdmin = object
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    StackedInline = admin.StackedInline


class TenantScoped(BaseModelAdmin):
    """What ModelAdmins and inlines share: only rows of the user's business are shown, and offered in selects."""

    form: Any = TenantModelForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scope(super().get_queryset(request), signed_in(request))

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        ordered = super().get_field_queryset(db, db_field, request)
        related: QuerySet[Any] = db_field.remote_field.model._default_manager.all()
        return scope(related if ordered is None else ordered, signed_in(request))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", TenantAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", TenantAutocompleteSelectMultiple(db_field, self.admin_site))
        kwargs.setdefault("form_class", StorableModelMultipleChoiceField)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class TenantModelAdmin(DeletesCascades, TenantScoped, ModelAdmin):
    """
    A ModelAdmin inside one business.

    The look-ups of a query string are limited to the filters of the list and to `extra_lookups`, so that nobody can
    guess a column prefix by prefix.
    """

    checks_class = TenantModelAdminChecks
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # Look-ups of links from other pages, for example {"conversation__id__exact"}.
    extra_lookups: frozenset[str] = frozenset()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if self._asks_for_business(request, obj):
            kwargs["form"] = with_choice_of_business(kwargs.get("form", self.form))
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.user, form.refusal = signed_in(request), getattr(request, "refusal", None)
        return form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row of a page. A row that counts its edits is locked while its form is saved, and read once it is."""
        row: Any = super().get_object(request, object_id, from_field)
        if not getattr(request, "saves_form", False) or not isinstance(row, Revisioned):
            return row
        locked = self.model._base_manager.select_for_update(no_key=True).filter(pk=row.pk)
        is_as_read = locked.values_list("revision", flat=True).first() == row.revision
        return row if is_as_read else super().get_object(request, object_id, from_field)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return name_fields(super().construct_change_message(request, form, formsets, add), self.model)

    # What a domain function refuses while saving is shown like the errors of a form: on the page, with what was typed.

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        request.saves_form = request.method == "POST"  # type: ignore[attr-defined]
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (Refusal, ValidationError) as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context["adminform"] = TenantAdminForm(request, context["adminform"])
        context.update(self.form_context(request, obj))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def form_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the page of a row, or of a new one (None), shows besides its fields."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            response = super().changelist_view(request, extra_context)
            if isinstance(response, TemplateResponse):
                # Reads the rows, so that the failure of a look-up is caught below.
                response.render()
            return response
        except Refusal as refusal:
            return self._redirect_refused(request, refusal)
        except (OverflowError, ValueError, DataError):
            # A filter has a value that no column can hold. Django answers other wrong look-ups in this way too.
            if not request.GET.keys() - {ERROR_FLAG}:
                raise
            logger.warning("A list could not be shown with the filters of its address.", exc_info=True)
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Run an action on the chosen rows. Each field may name several; what cannot be an id is ignored."""
        chosen = ",".join(request.POST.getlist(ACTION_CHECKBOX_NAME)).split(",")
        values = request.POST.copy()
        values.setlist(ACTION_CHECKBOX_NAME, storable(self.model._meta.pk, chosen))
        request.POST = values  # type: ignore[assignment]
        return super().response_action(request, queryset, *args, **kwargs)

    def _get_edited_object_pks(self, request: HttpRequest, prefix: str) -> list[Any]:
        return storable(self.model._meta.pk, super()._get_edited_object_pks(request, prefix))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[LongChangeList]:
        return LongChangeList

    def get_paginator(  # type: ignore[override]  # Django passes what follows by name.
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, **kwargs: Any
    ) -> LongListPaginator:
        return paginator_for(request, queryset, per_page, **kwargs)

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        """
        The columns that are ordered by what they show. A row's own name is none, and neither is another row whose list
        begins with the newest.
        """
        without = {"__str__", *(field.name for field in self.model._meta.concrete_fields if _is_newest_first(field))}
        return [name for name in super().get_sortable_by(request) if name not in without]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": self.form, **kwargs})

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        limits = {"max_num": self.list_max_show_all, "absolute_max": self.list_max_show_all}
        return super().get_changelist_formset(request, **{"formset": TenantModelFormSet, **limits, **kwargs})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if self._asks_for_business(request, obj) and "for_business" not in flatten_fieldsets(fieldsets):
            return [(None, {"fields": ["for_business"]}), *fieldsets]
        return fieldsets

    def _asks_for_business(self, request: HttpRequest, obj: Any) -> bool:
        """Whether a platform administrator adds a row without a parent, from which its business could be taken."""
        has_no_parent = hasattr(self.model, "business") and not getattr(self.model, "tenant_parent", None)
        return obj is None and has_no_parent and signed_in(request).is_superuser

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))
        return [*columns, "business"] if self._shows_businesses(request, columns) else columns

    def get_list_select_related(self, request: HttpRequest) -> Any:
        related = super().get_list_select_related(request)
        if isinstance(related, bool) or not self._shows_businesses(request, related):
            return related
        return [*related, "business"]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = [self._scoped_filter(item) for item in super().get_list_filter(request)]
        if self._shows_businesses(request, filters):
            filters.append(("business", TenantRelatedFilter))
        return filters

    def _shows_businesses(self, request: HttpRequest, already: Iterable[Any]) -> bool:
        is_superuser = signed_in(request).is_superuser
        return is_superuser and hasattr(self.model, "business") and "business" not in already

    def _scoped_filter(self, item: Any) -> Any:
        if isinstance(item, str) and get_fields_from_path(self.model, item)[-1].is_relation:
            return (item, TenantRelatedFilter)
        return item

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        filters: Iterable[Any] = self.get_list_filter(request) if request else self.list_filter
        if lookup in self.extra_lookups or lookup in {getattr(item, "parameter_name", None) for item in filters}:
            return True
        by_field = [item for item in filters if not isinstance(item, type)]
        allowed = {self.date_hierarchy, *(item if isinstance(item, str) else item[0] for item in by_field)}
        path, _, last = lookup.rpartition("__")
        fields = {lookup} if last not in FILTER_LOOKUPS else {path}
        # A relation's filter compares its key: tags__id__exact.
        fields |= {field.rpartition("__")[0] for field in fields if field.endswith(("__id", "__pk"))}
        return not fields.isdisjoint(allowed)

    def row_or_404(self, request: HttpRequest, queryset: QuerySet[Row], pk: Any, may_change: bool = False) -> Row:
        """The row of a page. Raises Http404, and PermissionDenied for people who may not see it, or change it."""
        try:
            row = queryset.get(pk=pk)
        except (self.model.DoesNotExist, ValueError):
            raise Http404 from None
        allowed = self.has_change_permission if may_change else self.has_view_or_change_permission
        if not allowed(request, row):
            raise PermissionDenied
        return row


def _is_newest_first(field: Any) -> bool:
    """Whether a field leads to rows whose own order is no order of their names."""
    ordering = field.related_model._meta.ordering if field.is_relation else []
    return any(str(name).startswith("-") for name in ordering[:1])


class ReadOnlyTenantAdmin(TenantModelAdmin):
    """Rows that only the system writes, and that may be millions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TenantInline(TenantScoped, InlineModelAdmin):
    """What the two kinds of inlines share."""

    checks_class = TenantInlineChecks
    formset = TenantInlineFormSet
    extra = 0
    max_num: int | None = MAX_INLINE_ROWS

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **{"absolute_max": self.get_max_num(request, obj), **kwargs})


class TenantTabularInline(TenantInline, TabularInline):
    pass
