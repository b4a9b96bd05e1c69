"""Forms inside one business."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Business
from accounts.names import NAME_FIELDS, is_visible
from accounts.refusals import Refusal

from .revision_form import RevisionForm


def refuse_invisible_names(form: forms.BaseForm) -> None:
    """Of the names that a form was given, take one in which nothing can be seen for an empty one."""
    for name in NAME_FIELDS & form.fields.keys():
        if (text := form.cleaned_data.get(name)) and not is_visible(str(text)):
            form.cleaned_data[name] = ""
            if form.fields[name].required:
                form.add_error(name, ValidationError(form.fields[name].error_messages["required"], code="required"))


class RefusableModelForm(RevisionForm):
    """
    A form that can be shown again with the reason why its values could not be saved. `user` and `refusal` are set by
    whoever makes the form class.
    """

    refusal: Refusal | ValidationError | None = None

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or self.cleaned_data
        refuse_invisible_names(self)
        if self.refusal:
            self._add_refusal(self.refusal)
        return cleaned_data

    def _add_refusal(self, refusal: Refusal | ValidationError) -> None:
        """Add it to the errors of the fields it names, or of the form."""
        by_field = getattr(refusal, "error_dict", {})
        if not by_field:
            text = ValidationError(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
            self.add_error(None, text)
        for name, errors in by_field.items():
            self.add_error(name if name in self.fields else None, errors)


class TenantModelForm(RefusableModelForm):
    """
    A form whose row gets its business before it is validated, so that a violation of the database's rules (unique
    within the business) becomes a form error.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user and not self.instance.business_id:
            self.instance.business_id = self.user.business_id

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        if not self.instance.business_id:
            self.instance.business = self.business_from(cleaned_data)
        for name, value in list(cleaned_data.items()):
            if isinstance(value, QuerySet) and hasattr(value.model, "business"):
                self._check_business(name, value)
        return cleaned_data

    def business_from(self, cleaned_data: dict[str, Any]) -> Business | None:
        """The business of the row's parent, for a platform administrator, who has none."""
        parent = cleaned_data.get(getattr(self._meta.model, "tenant_parent", None) or "")
        return parent.business if parent else None

    def _check_business(self, name: str, rows: QuerySet[Any]) -> None:
        """For a collection, what TenantModel.clean does for foreign keys."""
        if self.instance.business_id and rows.exclude(business=self.instance.business_id).exists():
            self.add_error(name, ValidationError(_("This row does not exist."), code="does_not_exist"))

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # Not in the stubs.
        return excluded - {"business"} if self.instance.business_id else excluded


def with_choice_of_business(form_class: type[TenantModelForm]) -> type[TenantModelForm]:
    """The form for a platform administrator who adds a row without a parent: it asks for the business."""

    class FormWithBusiness(form_class):  # type: ignore[misc, valid-type]  # A base that is a variable.
        for_business = forms.ModelChoiceField(Business.objects.all(), label=_("Business"))

        def business_from(self, cleaned_data: dict[str, Any]) -> Business | None:
            return cleaned_data.get("for_business")

    return FormWithBusiness
