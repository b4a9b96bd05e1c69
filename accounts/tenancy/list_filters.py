"""Filters of the admin's sidebar inside one business."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin

from .scope import scope


class TenantRelatedFilter(admin.RelatedFieldListFilter):
    """The sidebar's filter by a foreign key, offering only rows of the user's business."""

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> list[tuple[Any, str]]:
        rows = scope(field.related_model._default_manager.all(), request.user)
        return [(row.pk, str(row)) for row in rows[:200]]

    def has_output(self) -> bool:
        """Also with a single choice, when a link asks for it: Django would leave the filter out, and show all."""
        return bool(self.used_parameters) or super().has_output()


class LinkedFilter(admin.SimpleListFilter):
    """A filter of a list to which other pages link, whose parameter is named by it alone."""

    @classmethod
    def query(cls, value: str) -> str:
        """The query of a link to the list filtered by one of the filter's values."""
        return urlencode({cls.parameter_name: value})
