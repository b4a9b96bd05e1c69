"""Formsets inside one business, and how many rows a POST may promise them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import BadRequest
from django.forms.formsets import TOTAL_FORM_COUNT
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class TooManyRows(BadRequest):
    """A POST promises more rows than its form takes, or than it brings. Its text is a sentence for people."""


class LimitedFormSet(forms.BaseFormSet):
    """
    A formset that refuses a POST before it builds a form of it: when it promises more than `absolute_max` rows, or
    more rows than fields came. Every formset of the project inherits this. Raises TooManyRows when it is made.

    `nested` are the formsets within each of its forms, by the last part of their prefixes (`steps-0-choices`).
    """

    nested: ClassVar[Mapping[str, type[forms.BaseFormSet]]] = {}

    default_error_messages = {
        "missing_management_form": gettext_lazy(
            "The page did not arrive whole, so nothing was saved. Open it again and repeat your change."
        )
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            self._refuse_too_many_rows()

    def _refuse_too_many_rows(self) -> None:
        rows = 0
        for promised, formset in self._promises():
            rows += promised
            if not 0 <= promised <= formset.absolute_max:
                text = _("At most %(most)d rows can be saved here. Nothing was saved.")
                raise TooManyRows(text % {"most": formset.max_num})
        if rows > len(self.data):
            raise TooManyRows(_("More rows were announced than came. Nothing was saved: open the page again."))

    def _promises(self) -> Iterator[tuple[int, type[forms.BaseFormSet]]]:
        """How many rows are promised to each formset, to this one first."""
        yield _whole(self.data.get(f"{self.prefix}-{TOTAL_FORM_COUNT}")), type(self)
        for name, value in self.data.items() if self.nested else ():
            prefix, _dash, last = name.rpartition("-")
            formset = self.nested.get(prefix.rpartition("-")[2])
            if formset and last == TOTAL_FORM_COUNT and prefix.startswith(f"{self.prefix}-"):
                yield _whole(value), formset


def _whole(value: object) -> int:
    """A number of rows as a formset's own form reads it, which says so where it is none."""
    try:
        return forms.IntegerField(required=False).clean(value) or 0
    except forms.ValidationError:
        return 0


if TYPE_CHECKING:
    Base = forms.BaseModelFormSet[Any, Any]
else:
    Base = object


class OwnRowsMixin(Base):
    """
    A formset whose hidden ids are of its own rows. Django looks an id up among all rows and then does not use it: so
    it changes nothing, but its answer tells which ids exist.
    """

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        key = form.fields.get(self._pk_field.name)
        if isinstance(key, forms.ModelChoiceField):
            key.queryset = self.queryset


class TenantModelFormSet(LimitedFormSet, OwnRowsMixin, forms.BaseModelFormSet):
    """The formset of an editable list."""


class TenantInlineFormSet(LimitedFormSet, OwnRowsMixin, forms.BaseInlineFormSet):
    """Rows of an inline belong to the business of the row they hang on."""

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm:
        form = super()._construct_form(i, **kwargs)
        form.instance.business_id = self.instance.business_id
        return form
