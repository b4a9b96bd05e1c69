"""Selects of the admin that survive whatever comes in as an id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Field, QuerySet

if TYPE_CHECKING:
    from django.contrib.admin.widgets import AutocompleteMixin

    MultipleChoiceField = forms.ModelMultipleChoiceField[Any]
else:
    AutocompleteMixin = object
    MultipleChoiceField = forms.ModelMultipleChoiceField


def storable(field: Field[Any, Any], values: Iterable[Any]) -> list[Any]:
    """Those of the values that a column can hold. No row can be found by another, and to look for it is an error."""
    return [value for value in values if _is_storable(field, value)]


def _is_storable(field: Field[Any, Any], value: Any) -> bool:
    try:
        field.run_validators(field.to_python(value))
    except (ValidationError, ValueError):
        return False
    return "\0" not in str(value)


class StorableModelMultipleChoiceField(MultipleChoiceField):
    """Rows by their ids. An id that no column can hold is refused like any other that does not exist."""

    def clean(self, value: Any) -> QuerySet[Any]:
        try:
            return super().clean(value)
        except (OverflowError, DataError):
            message = self.error_messages["invalid_choice"]
            raise ValidationError(message, code="invalid_choice", params={"value": ", ".join(value)[:50]}) from None


class _StorableSelect(AutocompleteMixin):
    """A select by autocompletion. When its form is shown again, it looks up the ids that were sent."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> list[Any]:
        primary_key = self.field.remote_field.model._meta.pk
        return super().optgroups(name, storable(primary_key, value), attr)


class TenantAutocompleteSelect(_StorableSelect, AutocompleteSelect):
    """One row."""


class TenantAutocompleteSelectMultiple(_StorableSelect, AutocompleteSelectMultiple):
    """Any number of rows. Each has a cross; one for all of them would stand in their list and be no part of it."""

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        return {**super().build_attrs(base_attrs, extra_attrs), "data-allow-clear": "false"}
