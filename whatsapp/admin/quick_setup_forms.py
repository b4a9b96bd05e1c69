"""The forms of quick setup's pages. A secret that was entered is never put into a page again."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from whatsapp.models import QuickSetup
from whatsapp.models.number import meta_id
from whatsapp.models.quick_setup import pin_rule
from whatsapp.numbers.quick_setup.results import chosen_of
from whatsapp.phone_numbers import readable_phone

from .number_forms import SecretField


def _token_field(required: bool = True, help_text: Any = "") -> SecretField:
    return SecretField(label=_("Access token"), required=required, max_length=2000, help_text=help_text)


def _app_secret_field(help_text: Any = "") -> SecretField:
    return SecretField(label=_("App secret"), required=False, max_length=200, help_text=help_text)


def _pin_field() -> SecretField:
    return SecretField(
        label=_("PIN"),
        required=False,
        validators=[pin_rule],
        help_text=_(
            "Six digits, only if the number has a PIN of two-step verification. A number without one gets a new PIN,"
            " which is kept encrypted."
        ),
    )


class BeginForm(forms.Form):
    """What a setup begins with."""

    access_token = _token_field(
        help_text=_(
            "At Meta: Business settings → System users → Generate token, with whatsapp_business_messaging and"
            " whatsapp_business_management. The one under WhatsApp → API Setup works for 24 hours only."
        )
    )
    waba_id = forms.CharField(
        label=_("WhatsApp Business account ID"),
        max_length=30,
        validators=[meta_id],
        widget=forms.TextInput(attrs={"class": "vTextField", "inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("At Meta under WhatsApp → API Setup, below the phone number."),
    )
    app_secret = _app_secret_field(_("At Meta under App settings → Basic. With it Meta signs what it posts here."))
    pin = _pin_field()


class RunForm(forms.Form):
    """Which of the account's numbers to connect, and what was missing or wrong."""

    phone_number_ids = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": _("Choose at least one number.")}
    )
    access_token = _token_field(required=False)
    app_secret = _app_secret_field()
    pin = _pin_field()

    def __init__(
        self, setup: QuickSetup, numbers: Sequence[Mapping[str, Any]], data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data)
        if not numbers:
            del self.fields["phone_number_ids"]
            return
        field = cast(forms.MultipleChoiceField, self.fields["phone_number_ids"])
        field.choices = [(number["id"], readable_phone(number["phone"])) for number in numbers]
        chosen = chosen_of(setup)
        field.initial = _not_connected(numbers) if chosen is None else chosen

    def is_checked(self, number: Mapping[str, Any]) -> bool:
        """Whether a number's box is ticked."""
        return number["id"] in (self["phone_number_ids"].value() or [])


def _not_connected(numbers: Sequence[Mapping[str, Any]]) -> list[str]:
    return [number["id"] for number in numbers if not number["is_connected"]]
