"""List filters that see one business only, and refuse what they do not know."""

from typing import Any

from django import forms
from django.db import models
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

from .scope import scope


def scoped_queryset(field: Any) -> Any:
    related = field.remote_field.model
    return lambda request: scope(related._default_manager.all(), request.user)


def scoped_choice(field: Any) -> dict[str, Any]:
    """One row by its id. The browsable API shows a box for the id, never a select of a hundred thousand customers."""
    return {"queryset": scoped_queryset(field), "widget": forms.NumberInput}


def scoped_choices(field: Any) -> dict[str, Any]:
    return {"queryset": scoped_queryset(field), "widget": forms.SelectMultiple}


class TrueOrFalseField(forms.NullBooleanField):
    widget = forms.Select(choices=[("", "---------"), ("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))])

    def to_python(self, value: Any) -> Any:
        try:
            return {"": None, "true": True, "1": True, "false": False, "0": False}[(value or "").lower()]
        except KeyError:
            raise forms.ValidationError(_("Write true or false.")) from None


class TrueOrFalseFilter(BooleanFilter):
    """A filter for which any other word is a mistake; Django's takes it for no filter at all."""

    field_class = TrueOrFalseField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=TrueOrFalseField.widget, **kwargs)


class TenantFilterSet(FilterSet):
    """A filter set whose relations offer, and accept, only rows of the caller's business."""

    FILTER_DEFAULTS = {
        **filterset.FILTER_FOR_DBFIELD_DEFAULTS,
        models.BooleanField: {"filter_class": TrueOrFalseFilter},
        models.ForeignKey: {"filter_class": ModelChoiceFilter, "extra": scoped_choice},
        models.OneToOneField: {"filter_class": ModelChoiceFilter, "extra": scoped_choice},
        models.ManyToManyField: {"filter_class": ModelMultipleChoiceFilter, "extra": scoped_choices},
    }


def refuse_unknown_parameters(request: Any, view: Any) -> None:
    """A query parameter that nothing reads is a mistake the caller wants to know of: 400."""
    filters = getattr(getattr(view, "filterset_class", None), "base_filters", ())
    known = {*filters, *getattr(view, "known_parameters", ())}
    unknown = sorted(set(request.query_params) - known - parameters_of_pages(view) - {"format"})
    if unknown:
        names = ", ".join(sorted(known)) or "–"
        message = _("Unknown parameter. Known are: %(names)s.") % {"names": names}
        raise ValidationError({name: [message] for name in unknown})


def parameters_of_pages(view: Any) -> set[str]:
    paginator = getattr(view, "paginator", None)
    names = ("page_query_param", "cursor_query_param", "page_size_query_param")
    return {getattr(paginator, name, None) for name in names} - {None}
