"""List filters that see one business only, and refuse what they do not know."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import filterset
from django_filters.rest_framework import (
    BooleanFilter,
    FilterSet,
    ModelChoiceFilter,
    ModelMultipleChoiceFilter,
)
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from .scope import scope, signed_in


def _scoped_queryset(field: Any) -> Callable[[HttpRequest], models.QuerySet[Any]]:
    related: type[models.Model] = field.remote_field.model
    return lambda request: scope(related._default_manager.all(), signed_in(request))


def _scoped_choice(field: Any) -> dict[str, Any]:
    """One row by its id. The browsable API shows a box for the id, never a select of a hundred thousand customers."""
    return {"queryset": _scoped_queryset(field), "widget": forms.NumberInput}


def _scoped_choices(field: Any) -> dict[str, Any]:
    return {"queryset": _scoped_queryset(field), "widget": forms.SelectMultiple}


class TrueOrFalseField(forms.NullBooleanField):
    widget = forms.Select(choices=[("", "---------"), ("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))])

    def to_python(self, value: str | None) -> bool | None:  # type: ignore[override]  # As Django's.
        try:
            return {"": None, "true": True, "1": True, "false": False, "0": False}[(value or "").lower()]
        except KeyError:
            raise forms.ValidationError(_("Write true or false.")) from None


class TrueOrFalseFilter(BooleanFilter):  # type: ignore[misc]  # django-filter has no types.
    """A filter by true or false that refuses any other word; Django's would not filter at all."""

    field_class = TrueOrFalseField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=TrueOrFalseField.widget, **kwargs)


class TenantFilterSet(FilterSet):  # type: ignore[misc]  # django-filter has no types.
    """A filter set whose relations offer, and accept, only rows of the caller's business."""

    FILTER_DEFAULTS = {
        **filterset.FILTER_FOR_DBFIELD_DEFAULTS,
        models.BooleanField: {"filter_class": TrueOrFalseFilter},
        models.ForeignKey: {"filter_class": ModelChoiceFilter, "extra": _scoped_choice},
        models.OneToOneField: {"filter_class": ModelChoiceFilter, "extra": _scoped_choice},
        models.ManyToManyField: {"filter_class": ModelMultipleChoiceFilter, "extra": _scoped_choices},
    }


def check_parameters(request: Request, view: Any) -> None:
    """Raise ValidationError for query parameters that nothing reads: they are mistakes of the caller."""
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", ())
    known = {*filters, *getattr(view, "known_parameters", ())}
    unknown = sorted(set(request.query_params) - known - _pagination_parameters(view) - {"format"})
    if unknown:
        names = ", ".join(sorted(known)) or "–"
        message = _("Unknown parameter. Known parameters: %(names)s.") % {"names": names}
        raise ValidationError({name: [message] for name in unknown})


def _pagination_parameters(view: Any) -> set[str]:
    paginator = getattr(view, "paginator", None)
    attributes = ("page_query_param", "cursor_query_param", "page_size_query_param")
    return {name for attribute in attributes if (name := getattr(paginator, attribute, None))}
