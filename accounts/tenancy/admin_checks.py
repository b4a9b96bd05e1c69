"""System checks of admin classes: what would show or let guess another business's rows is refused before it runs."""

from typing import Any

from django.contrib.admin.checks import InlineModelAdminChecks, ModelAdminChecks
from django.contrib.admin.filters import RelatedOnlyFieldListFilter, SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.core.checks import Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from .list_filters import TenantRelatedFilter


def names_what_is_typed(admin_class: Any) -> list[Any]:
    return [
        Error(
            "raw_id_fields shows the name of whatever id is typed in, also another business's.",
            hint="Use autocomplete_fields.",
            obj=admin_class,
            id="accounts.E001",
        )
        for _ in admin_class.raw_id_fields[:1]
    ]


def is_safe_filter(model: Any, item: Any) -> bool:
    """
    Whether a list filter offers only what the list may show: its own class, a relation (scoped), a choice, yes or no,
    or a time. Any other field would list its values from all rows, and slowly.
    """
    if isinstance(item, type):
        return issubclass(item, SimpleListFilter)
    path, filter_class = item if isinstance(item, (list, tuple)) else (item, None)
    try:
        field = get_fields_from_path(model, path)[-1]
    except FieldDoesNotExist:
        return True  # Django's own check says so.
    if field.is_relation:
        return filter_class is None or issubclass(filter_class, (RelatedOnlyFieldListFilter, TenantRelatedFilter))
    return bool(field.choices) or isinstance(field, (models.BooleanField, models.DateField))


class TenantModelAdminChecks(ModelAdminChecks):
    def check(self, admin_obj: Any, **kwargs: Any) -> list[Any]:
        return [
            *super().check(admin_obj, **kwargs),
            *names_what_is_typed(admin_obj.__class__),
            *self._check_filters_are_scoped(admin_obj),
            *self._check_search_has_no_patterns(admin_obj),
        ]

    def _check_filters_are_scoped(self, admin_obj: Any) -> list[Any]:
        return [
            Error(
                f"list_filter has {item!r}, which would offer values of other businesses.",
                hint="Name a relation, a field with choices, yes/no or a date, or write a SimpleListFilter.",
                obj=admin_obj.__class__,
                id="accounts.E002",
            )
            for item in admin_obj.list_filter
            if not is_safe_filter(admin_obj.model, item)
        ]

    def _check_search_has_no_patterns(self, admin_obj: Any) -> list[Any]:
        return [
            Error(
                f"search_fields has {path!r}: a pattern can hold a process for as long as it likes.",
                obj=admin_obj.__class__,
                id="accounts.E003",
            )
            for path in admin_obj.search_fields
            if path.endswith(("__regex", "__iregex"))
        ]


class TenantInlineChecks(InlineModelAdminChecks):
    def check(self, inline_obj: Any, **kwargs: Any) -> list[Any]:
        return [*super().check(inline_obj, **kwargs), *names_what_is_typed(inline_obj.__class__)]
