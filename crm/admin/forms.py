"""Forms about customers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.forms import TenantModelForm
from crm.customers.files.contents import XLSX_TYPE
from crm.models import Customer
from crm.models.customer import attribute_text
from whatsapp.phone_numbers import normalize_phone, readable_phone


class AttributesField(forms.CharField):
    """A customer's attributes as lines of `name: value`. A value that was not touched keeps its type."""

    widget = forms.Textarea(attrs={"rows": 5})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name}: {attribute_text(content)}" for name, content in value.items())

    def to_python(self, value: Any) -> Any:
        attributes = {}
        for line in (super().to_python(value) or "").splitlines():
            name, separator, content = line.partition(":")
            if not line.strip():
                continue
            if not separator or not name.strip():
                raise forms.ValidationError(
                    _("“%(line)s” is not an attribute. Write one per line, like: city: Kazan"), params={"line": line}
                )
            attributes[name.strip()] = content.strip()
        return attributes

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial or {}) != (data or "").replace("\r\n", "\n").strip()


class CustomerForm(TenantModelForm):
    saved_if_changed = frozenset({"opted_out"})

    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        help_text=_("Written in any usual way; without a country code it is one of your country."),
    )
    attributes = AttributesField(
        label=_("Attributes"), required=False, help_text=_("One per line, name: value. For example, city: Kazan")
    )
    # Compared with what the page showed: whoever opts out meanwhile is not opted in by an old page.
    opted_out = forms.BooleanField(
        label=_("Opted out"),
        required=False,
        show_hidden_initial=True,
        help_text=_("Receives no broadcasts. Your replies still go out."),
    )

    class Meta:
        model = Customer
        fields = ["name", "phone", "tags", "attributes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["opted_out"] = self.instance.opted_out
        if self.instance.phone:
            self.initial["phone"] = readable_phone(self.instance.phone)

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or {}
        if "phone" in cleaned_data and self.instance.business_id:
            try:
                cleaned_data["phone"] = self._clean_phone(cleaned_data["phone"])
            except forms.ValidationError as error:
                self.add_error("phone", error)
        return cleaned_data

    def _clean_phone(self, text: str) -> str | None:
        """Empty is possible for people known by their WhatsApp user id."""
        if text:
            return normalize_phone(text, self.instance.business.country)
        if not self.instance.whatsapp_user_id:
            raise forms.ValidationError(_("A customer needs a phone."), code="required")
        return None

    def clean_attributes(self) -> dict[str, Any]:
        stored = {name: (attribute_text(value), value) for name, value in self.instance.attributes.items()}
        written = self.cleaned_data["attributes"]
        return {
            name: stored[name][1] if name in stored and stored[name][0] == text else text
            for name, text in written.items()
        }


class CustomerFileForm(forms.Form):
    """A file of customers to import."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("An Excel workbook (.xlsx) or CSV, at most 20 MB and 200,000 rows."),
        widget=forms.FileInput(attrs={"accept": f".xlsx,.csv,.txt,text/csv,{XLSX_TYPE}"}),
    )
