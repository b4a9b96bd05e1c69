"""Filters of the admin's sidebar inside one business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest

from .scope import scope, signed_in

if TYPE_CHECKING:
    from django.db.models.fields.related import RelatedField

#: How many rows the sidebar offers.
MAX_CHOICES = 200


class TenantRelatedFilter(admin.RelatedFieldListFilter):
    """The sidebar's filter by a foreign key, offering only rows of the user's business."""

    def field_choices(
        self, field: RelatedField[Any, Any], request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[Any, Any]]:
        rows = scope(field.related_model._default_manager.all(), signed_in(request))
        return [(row.pk, str(row)) for row in rows[:MAX_CHOICES]]

    def has_output(self) -> bool:
        """Also with a single choice, when a link asks for it: Django would leave the filter out and show all rows."""
        return bool(self.used_parameters) or super().has_output()


class LinkedFilter(admin.SimpleListFilter):
    """A filter of a list to which other pages link. They take the link's query from `query`."""

    @classmethod
    def query(cls, value: str) -> str:
        """The query of a link to the list filtered by one of the filter's values."""
        return urlencode({cls.parameter_name or "": value})
