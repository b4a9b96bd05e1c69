"""Forms inside one business."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Business


class RefusableModelForm(forms.ModelForm):
    """
    A form that can be shown again with the reason why what was typed could not be saved. `user` and `refusal` are
    set by whoever makes the form class.
    """

    user = None
    refusal = None

    def clean(self) -> Any:
        cleaned_data = super().clean() or self.cleaned_data
        if self.refusal:
            self.add_refusal(self.refusal)
        return cleaned_data

    def add_refusal(self, refusal: Any) -> None:
        """As an error of the fields it names, or of the form."""
        by_field = getattr(refusal, "error_dict", {})
        if not by_field:
            self.add_error(None, refusal.messages if isinstance(refusal, ValidationError) else str(refusal))
        for name, errors in by_field.items():
            self.add_error(name if name in self.fields else None, errors)


class TenantModelForm(RefusableModelForm):
    """
    A form whose row gets its business before it is validated, so that the rules of the database (unique within the
    business) answer as form errors.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user and not self.instance.business_id:
            self.instance.business_id = self.user.business_id

    def clean(self) -> Any:
        cleaned_data = super().clean()
        if not self.instance.business_id:
            self.instance.business = self.business_from(cleaned_data)
        for name, value in list(cleaned_data.items()):
            if isinstance(value, QuerySet) and hasattr(value.model, "business"):
                self.refuse_strangers(name, value)
        return cleaned_data

    def business_from(self, cleaned_data: Any) -> Any:
        """The business of the row's parent, for a platform administrator, who has none."""
        parent = cleaned_data.get(getattr(self._meta.model, "tenant_parent", None))
        return parent.business if parent else None

    def refuse_strangers(self, name: str, rows: Any) -> None:
        """What TenantModel.clean does for foreign keys, for a collection."""
        if self.instance.business_id and rows.exclude(business=self.instance.business_id).exists():
            self.add_error(name, ValidationError(_("This row does not exist."), code="does_not_exist"))

    def _get_validation_exclusions(self) -> set[str]:
        excluded = super()._get_validation_exclusions()
        return excluded - {"business"} if self.instance.business_id else excluded


def with_choice_of_business(form_class: Any) -> Any:
    """The form for a platform administrator who adds a row that hangs on nothing: it asks for the business."""

    class FormWithBusiness(form_class):
        for_business = forms.ModelChoiceField(Business.objects.all(), label=_("Business"))

        def business_from(self, cleaned_data: Any) -> Any:
            return cleaned_data.get("for_business")

    return FormWithBusiness
