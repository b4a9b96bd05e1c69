"""
Admin classes that see one business only: lists, change pages, selects, sidebars, look-ups, deletion.

Every ModelAdmin and inline of the project inherits these. Platform administrators see all businesses.
"""

import logging
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse

from accounts.deletion.admin import DeletesCascades
from accounts.refusals import Refusal

from .admin_checks import TenantInlineChecks, TenantModelAdminChecks
from .admin_links import TenantAdminForm
from .admin_pagination import LongListPaginator
from .forms import TenantModelForm, with_choice_of_business
from .formsets import TenantInlineFormSet, TenantModelFormSet
from .list_filters import TenantRelatedFilter
from .scope import scope
from .widgets import (
    StorableModelMultipleChoiceField,
    TenantAutocompleteSelect,
    TenantAutocompleteSelectMultiple,
    storable,
)

logger = logging.getLogger(__name__)

#: The look-ups a filter link may end in. Patterns are not among them: SQLite runs them in Python, without limit.
FILTER_LOOKUPS = {"exact", "in", "isnull", "gt", "gte", "lt", "lte", "year", "month", "day", "date"}

MAX_INLINE_ROWS = 100


if TYPE_CHECKING:
    Base = admin.options.BaseModelAdmin[Any]
else:
    Base = object


class TenantScoped(Base):
    """What ModelAdmin and inlines share: only rows of the user's business, in the rows and in every select."""

    form: Any = TenantModelForm

    def get_queryset(self, request: Any) -> Any:
        return scope(super().get_queryset(request), request.user)

    def get_field_queryset(self, db: Any, db_field: Any, request: Any) -> Any:
        ordered = super().get_field_queryset(db, db_field, request)
        related = db_field.remote_field.model._default_manager.all()
        return scope(related if ordered is None else ordered, request.user)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", TenantAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", TenantAutocompleteSelectMultiple(db_field, self.admin_site))
        kwargs.setdefault("form_class", StorableModelMultipleChoiceField)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class TenantModelAdmin(DeletesCascades, TenantScoped, admin.ModelAdmin):
    """
    A ModelAdmin inside one business.

    Query-string look-ups are limited to the filters of the list and to `extra_lookups`, so that no column can be
    guessed prefix by prefix.
    """

    checks_class = TenantModelAdminChecks
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # Look-ups that links from other pages use, for example {"conversation__id__exact"}.
    extra_lookups: frozenset[str] = frozenset()

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if self._asks_for_business(request, obj):
            kwargs["form"] = with_choice_of_business(kwargs.get("form", self.form))
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.user, form.refusal = request.user, getattr(request, "refusal", None)
        return form

    # What a domain function refuses while saving is shown as what a form refuses: on the page, with what was typed.

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (Refusal, ValidationError) as refusal:
            request.refusal = refusal
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: Any,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        context["adminform"] = TenantAdminForm(request, context["adminform"])
        context.update(self.form_context(request, obj))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def form_context(self, request: Any, obj: Any) -> dict[str, Any]:
        """What the page of a row, or of a new one (None), shows besides its fields."""
        return {}

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> Any:
        try:
            response = super().changelist_view(request, extra_context)
            if isinstance(response, TemplateResponse):
                # The rows are read here, so that a look-up that fails is answered below.
                response.render()
            return response
        except Refusal as refusal:
            return self._redirect_refused(request, refusal)
        except (OverflowError, ValueError, DataError):
            # A filter's value that no column could hold is answered as Django answers other wrong look-ups.
            if not request.GET.keys() - {ERROR_FLAG}:
                raise
            logger.warning("A list could not be shown as it was asked for.", exc_info=True)
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")

    def response_action(self, request: Any, queryset: Any) -> Any:
        """An action on the chosen rows: each field may name several, and what is no id names none."""
        chosen = ",".join(request.POST.getlist(ACTION_CHECKBOX_NAME)).split(",")
        request.POST = request.POST.copy()
        request.POST.setlist(ACTION_CHECKBOX_NAME, storable(self.model._meta.pk, chosen))
        return super().response_action(request, queryset)

    def _get_edited_object_pks(self, request: Any, prefix: str) -> list[Any]:
        return storable(self.model._meta.pk, super()._get_edited_object_pks(request, prefix))

    def get_changelist_form(self, request: Any, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": self.form, **kwargs})

    def get_changelist_formset(self, request: Any, **kwargs: Any) -> Any:
        most = {"max_num": self.list_max_show_all, "absolute_max": self.list_max_show_all}
        return super().get_changelist_formset(request, **{"formset": TenantModelFormSet, **most, **kwargs})

    def get_fieldsets(self, request: Any, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if self._asks_for_business(request, obj) and "for_business" not in flatten_fieldsets(fieldsets):
            return [(None, {"fields": ["for_business"]}), *fieldsets]
        return fieldsets

    def _asks_for_business(self, request: Any, obj: Any) -> bool:
        """A platform administrator adds a row that hangs on nothing its business could be taken from."""
        hangs_on_nothing = hasattr(self.model, "business") and not getattr(self.model, "tenant_parent", None)
        return obj is None and hangs_on_nothing and request.user.is_superuser

    def get_list_display(self, request: Any) -> list[Any]:
        columns = super().get_list_display(request)
        return [*columns, "business"] if self._shows_businesses(request, columns) else columns

    def get_list_select_related(self, request: Any) -> Any:
        related = super().get_list_select_related(request)
        if isinstance(related, bool) or not self._shows_businesses(request, related):
            return related
        return [*related, "business"]

    def get_list_filter(self, request: Any) -> list[Any]:
        filters = [self._scoped_filter(item) for item in super().get_list_filter(request)]
        if self._shows_businesses(request, filters):
            filters.append(("business", TenantRelatedFilter))
        return filters

    def _shows_businesses(self, request: Any, already: Any) -> bool:
        return request.user.is_superuser and hasattr(self.model, "business") and "business" not in already

    def _scoped_filter(self, item: Any) -> Any:
        if isinstance(item, str) and get_fields_from_path(self.model, item)[-1].is_relation:
            return (item, TenantRelatedFilter)
        return item

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        filters = self.get_list_filter(request) if request else self.list_filter
        if lookup in self.extra_lookups or lookup in {getattr(item, "parameter_name", None) for item in filters}:
            return True
        by_field = [item for item in filters if not isinstance(item, type)]
        allowed = {self.date_hierarchy, *(item if isinstance(item, str) else item[0] for item in by_field)}
        path, _, last = lookup.rpartition("__")
        fields = {lookup} if last not in FILTER_LOOKUPS else {path}
        # A relation's filter compares its key: tags__id__exact.
        fields |= {field.rpartition("__")[0] for field in fields if field.endswith(("__id", "__pk"))}
        return not fields.isdisjoint(allowed)

    def row_or_404(self, request: Any, queryset: Any, pk: Any, may_change: bool = False) -> Any:
        """A row for a page of its own. Raises Http404, and PermissionDenied for who may not see, or change, it."""
        try:
            row = queryset.get(pk=pk)
        except (self.model.DoesNotExist, ValueError):
            raise Http404 from None
        allowed = self.has_change_permission if may_change else self.has_view_or_change_permission
        if not allowed(request, row):
            raise PermissionDenied
        return row


class ReadOnlyTenantAdmin(TenantModelAdmin):
    """Rows to look at: what the system wrote itself, and of that there may be millions."""

    def get_paginator(self, request: Any, queryset: Any, per_page: int, **kwargs: Any) -> Any:
        try:
            asked_page = int(request.GET.get(PAGE_VAR, 1))
        except ValueError:
            asked_page = 1
        return LongListPaginator(queryset, per_page, asked_page=asked_page, **kwargs)

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class TenantInline(TenantScoped):
    """Mix into admin.TabularInline or StackedInline."""

    checks_class = TenantInlineChecks
    formset = TenantInlineFormSet
    extra = 0
    max_num = MAX_INLINE_ROWS

    def get_formset(self, request: Any, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **{"absolute_max": self.get_max_num(request, obj), **kwargs})


class TenantTabularInline(TenantInline, admin.TabularInline):
    pass


class TenantStackedInline(TenantInline, admin.StackedInline):
    pass
