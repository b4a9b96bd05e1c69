"""System checks of admin classes: whatever would show another business's rows, or let one guess them, is an error."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.checks import InlineModelAdminChecks, ModelAdminChecks
from django.contrib.admin.filters import RelatedOnlyFieldListFilter, SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from .list_filters import TenantRelatedFilter


class TenantModelAdminChecks(ModelAdminChecks):
    def check(self, admin_obj: Any, **kwargs: Any) -> list[CheckMessage]:
        return [
            *super().check(admin_obj, **kwargs),
            *_check_raw_ids(admin_obj),
            *_check_filters(admin_obj),
            *_check_search(admin_obj),
        ]


class TenantInlineChecks(InlineModelAdminChecks):
    def check(self, inline_obj: Any, **kwargs: Any) -> list[CheckMessage]:  # type: ignore[override]  # As Django's.
        return [*super().check(inline_obj, **kwargs), *_check_raw_ids(inline_obj)]


def _check_raw_ids(admin_obj: Any) -> Iterator[CheckMessage]:
    if admin_obj.raw_id_fields:
        yield Error(
            "raw_id_fields shows the name of whatever id is typed in, even of another business's row.",
            hint="Use autocomplete_fields.",
            obj=admin_obj.__class__,
            id="accounts.E001",
        )


def _check_filters(admin_obj: Any) -> Iterator[CheckMessage]:
    for item in admin_obj.list_filter:
        if not _is_safe_filter(admin_obj.model, item):
            yield Error(
                f"list_filter has {item!r}, which would offer values of other businesses.",
                hint="Name a relation, a field with choices, a yes/no field or a date, or write a SimpleListFilter.",
                obj=admin_obj.__class__,
                id="accounts.E002",
            )


def _is_safe_filter(model: type[models.Model], item: Any) -> bool:
    """
    Whether a list filter offers only what the list may show: it is a class of its own, or by a relation (which is
    scoped), by a field with choices, by yes or no, or by a time. By any other field it would list, slowly, the values
    of all rows.
    """
    if isinstance(item, type):
        return issubclass(item, SimpleListFilter)
    path, filter_class = item if isinstance(item, (list, tuple)) else (item, None)
    try:
        field = get_fields_from_path(model, path)[-1]
    except FieldDoesNotExist:
        return True  # Django's own check reports it.
    if field.is_relation:
        return filter_class is None or issubclass(filter_class, (RelatedOnlyFieldListFilter, TenantRelatedFilter))
    return bool(getattr(field, "choices", None)) or isinstance(field, (models.BooleanField, models.DateField))


def _check_search(admin_obj: Any) -> Iterator[CheckMessage]:
    for path in admin_obj.search_fields:
        if path.endswith(("__regex", "__iregex")):
            yield Error(
                f"search_fields has {path!r}: a regular expression can keep a process busy without end.",
                obj=admin_obj.__class__,
                id="accounts.E003",
            )
