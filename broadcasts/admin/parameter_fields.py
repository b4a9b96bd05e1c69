"""The form field of one placeholder: a text, or a value of the customer and what to write where it is empty."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from accounts.models import Business
from broadcasts.parameters import MAX_TEXT
from crm.customers import known_attributes
from crm.customers.interpolation import CUSTOMER_ATTRIBUTES, PLACEHOLDER

TEXT = "text"


class ParameterWidget(forms.MultiWidget):
    def __init__(self, choices: Sequence[tuple[str, object]]) -> None:
        self.sources = {source for source, _label in choices}
        super().__init__(
            {
                "source": forms.Select(choices=choices, attrs={"class": "parameter-source"}),
                "text": forms.TextInput(attrs={"class": "vTextField", "maxlength": MAX_TEXT}),
            }
        )

    def decompress(self, value: str | None) -> list[str]:
        """A text of parameters as (source, text or default)."""
        placeholder = PLACEHOLDER.fullmatch((value or "").strip())
        if placeholder and placeholder["name"] in self.sources:
            return [placeholder["name"], placeholder["default"] or ""]
        return [TEXT, value or ""]


class ParameterField(forms.MultiValueField):
    def __init__(self, attributes: Iterable[str] = (), **kwargs: Any) -> None:
        choices = [
            (TEXT, _("this text:")),
            ("customer.name", _("the customer's name, or where it is empty:")),
            ("customer.phone", _("the customer's phone, or where it is empty:")),
            *((CUSTOMER_ATTRIBUTES + name, _or_where_empty(name)) for name in attributes),
        ]
        fields = [forms.ChoiceField(choices=choices), forms.CharField(max_length=MAX_TEXT, required=False)]
        super().__init__(fields, widget=ParameterWidget(choices), require_all_fields=False, **kwargs)

    def compress(self, values: list[str]) -> str:
        source, text = values or (TEXT, "")
        if source == TEXT:
            return text
        # A quotation mark would end the default.
        default = text.replace('"', "”")
        return f'{{{{{source}|default:"{default}"}}}}' if default else f"{{{{{source}}}}}"


def _or_where_empty(name: str) -> str:
    return pgettext("attribute", "“%(name)s”, or where it is empty:") % {"name": name}


def attribute_names(business: Business) -> list[str]:
    """The names of the attributes that the business's latest customers have, as far as texts can ask for them."""
    names = known_attributes.attribute_names(business)
    return [name for name in names if PLACEHOLDER.fullmatch(f"{{{{{CUSTOMER_ATTRIBUTES}{name}}}}}")]
