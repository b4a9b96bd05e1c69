"""Selects of rows of the admin that survive whatever comes in as an id."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Field


def storable(field: Field, values: Iterable[Any]) -> list[Any]:
    """Those of the values that a column could hold: no row can be found by another, and to look for it is an error."""
    return [value for value in values if _is_storable(field, value)]


def _is_storable(field: Field, value: Any) -> bool:
    try:
        field.run_validators(field.to_python(value))
    except (ValidationError, ValueError):
        return False
    return "\0" not in str(value)


class StorableModelMultipleChoiceField(forms.ModelMultipleChoiceField):
    """Rows by their ids. An id that no column could hold names no row, as any other that is not there."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except (OverflowError, DataError):
            message = self.error_messages["invalid_choice"]
            raise ValidationError(message, code="invalid_choice", params={"value": ", ".join(value)[:50]}) from None


class _SurvivesJunk:
    """A select by autocompletion, which looks up what was sent when its form is shown again."""

    def optgroups(self, name: str, value: list[str], attr: Any = None) -> list[Any]:
        target = self.field.remote_field.model._meta.pk  # type: ignore[attr-defined]
        return super().optgroups(name, storable(target, value), attr)  # type: ignore[misc]


class TenantAutocompleteSelect(_SurvivesJunk, AutocompleteSelect):
    """One row."""


class TenantAutocompleteSelectMultiple(_SurvivesJunk, AutocompleteSelectMultiple):
    """Any number of rows."""
