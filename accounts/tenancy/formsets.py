"""Formsets inside one business, and how many rows a POST may promise them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import BadRequest
from django.db.models import Field
from django.forms.formsets import TOTAL_FORM_COUNT
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    BaseFormSet = forms.BaseFormSet[Any]
    Base = forms.BaseModelFormSet[Any, Any]
    BaseModelFormSet = forms.BaseModelFormSet[Any, Any]
    BaseInlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
else:
    Base = object
    BaseFormSet = forms.BaseFormSet
    BaseModelFormSet = forms.BaseModelFormSet
    BaseInlineFormSet = forms.BaseInlineFormSet


class TooManyRows(BadRequest):
    """A POST announces more rows than its form takes, or than came with it. Its text is a sentence for people."""


class LimitedFormSet(BaseFormSet):
    """
    A formset that refuses a POST before it builds any form from it, if more than `absolute_max` rows are announced, or
    more rows than there are fields. Every formset of the project inherits this. Raises TooManyRows when it is made.

    `nested` are the formsets within each of its forms, by the last part of their prefixes (`steps-0-choices`).
    """

    nested: ClassVar[Mapping[str, type[BaseFormSet]]] = {}

    default_error_messages = {
        "missing_management_form": gettext_lazy(
            "The page arrived incomplete, so nothing was saved. Open it again and repeat your change."
        )
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            self._check_row_counts()

    def _check_row_counts(self) -> None:
        rows = 0
        for announced, formset in self._announced():
            rows += announced
            if not 0 <= announced <= formset.absolute_max:
                text = _("At most %(most)d rows can be saved here. Nothing was saved.")
                raise TooManyRows(text % {"most": formset.max_num})
        if rows > len(self.data):
            raise TooManyRows(_("Fewer rows arrived than were announced. Nothing was saved: open the page again."))

    def _announced(self) -> Iterator[tuple[int, type[BaseFormSet]]]:
        """How many rows are announced for each formset, this one first."""
        yield _row_count(self.data.get(f"{self.prefix}-{TOTAL_FORM_COUNT}")), type(self)
        for name, value in self.data.items() if self.nested else ():
            prefix, _dash, last = name.rpartition("-")
            formset = self.nested.get(prefix.rpartition("-")[2])
            if formset and last == TOTAL_FORM_COUNT and prefix.startswith(f"{self.prefix}-"):
                yield _row_count(value), formset


def _row_count(value: object) -> int:
    """A number of rows as the formset's management form reads it. What is no number is left to that form: 0."""
    try:
        return forms.IntegerField(required=False).clean(value) or 0
    except forms.ValidationError:
        return 0


class OwnRowsMixin(Base):
    """
    A formset that looks its hidden ids up among its own rows. Django looks them up among all rows. It changes none of
    the others, but its response would reveal which ids exist.
    """

    # Django's: the primary key.
    _pk_field: Field[Any, Any]

    def add_fields(self, form: forms.ModelForm[Any], index: int | None) -> None:
        super().add_fields(form, index)
        key = form.fields.get(self._pk_field.name)
        if isinstance(key, forms.ModelChoiceField):
            key.queryset = self.queryset


class TenantModelFormSet(LimitedFormSet, OwnRowsMixin, BaseModelFormSet):
    """The formset of an editable list. Its fields have no label on the page: each is called by its column and row."""

    def add_fields(self, form: forms.ModelForm[Any], index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            if not field.widget.is_hidden and form.instance.pk:
                field.widget.attrs["aria-label"] = f"{field.label}: {form.instance}"


class TenantInlineFormSet(LimitedFormSet, OwnRowsMixin, BaseInlineFormSet):
    """The rows of an inline, which belong to the business of their parent."""

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm[Any]:
        form: forms.ModelForm[Any] = super()._construct_form(i, **kwargs)  # type: ignore[misc]  # Not in the stubs.
        form.instance.business_id = self.instance.business_id
        return form
