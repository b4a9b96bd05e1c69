"""What a form's field is filled with at first, as a person reads it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.choices import flatten_choices
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

#: So many rows of a long choice are named.
MAX_NAMED = 20


def shown_value(bound: BoundField) -> str | None:
    """The initial value of a field in words; None for a secret, which is never shown."""
    field: Any = bound.field
    value = bound.initial
    if isinstance(field.widget, forms.PasswordInput):
        return None
    if isinstance(field, forms.ModelMultipleChoiceField):
        return _names(field, value or ())
    if isinstance(field, forms.ModelChoiceField):
        rows: Any = field.queryset
        row = rows.filter(pk=getattr(value, "pk", value)).first() if value else None
        return str(field.label_from_instance(row)) if row else ""
    return _in_words(field, value)


def _in_words(field: Any, value: Any) -> str:
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str(dict(flatten_choices(choices)).get(value, value or ""))
    if isinstance(field, forms.MultiValueField) and isinstance(value, str):
        parts = zip(field.fields, field.widget.decompress(value), strict=True)
        return " ".join(_in_words(part, text) for part, text in parts)
    return _plain(field.prepare_value(value))


def _names(field: Any, chosen: Iterable[Any]) -> str:
    """The names of chosen rows; `chosen` are rows or their keys."""
    keys = [getattr(row, "pk", row) for row in chosen]
    names = [str(field.label_from_instance(row)) for row in field.queryset.filter(pk__in=keys[:MAX_NAMED])]
    return ", ".join([*names, "…"] if len(keys) > MAX_NAMED else names)


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _("Yes") if value else _("No")
        case datetime():
            return date_format(timezone.localtime(value) if timezone.is_aware(value) else value, "DATETIME_FORMAT")
        case date():
            return date_format(value, "DATE_FORMAT")
        case int() | float():
            return number_format(value)
    return str(value)
