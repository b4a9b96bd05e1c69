"""The forms of quick setup's pages. A secret that was entered is never put into a page again."""

from django import forms
from django.utils.translation import gettext_lazy as _

from whatsapp.models.number import meta_id
from whatsapp.models.quick_setup import pin_rule
from whatsapp.numbers.quick_setup.results import chosen_of
from whatsapp.phone_numbers import readable_phone

from .number_forms import SecretField


def token_field(**options):
    return SecretField(label=_("Access token"), max_length=2000, **options)


def pin_field():
    return SecretField(
        label=_("PIN"),
        required=False,
        validators=[pin_rule],
        help_text=_(
            "Six digits, only if the number has a PIN of two-step verification. For a number without one a PIN is made"
            " and kept encrypted."
        ),
    )


class BeginForm(forms.Form):
    """What a setup begins with."""

    access_token = token_field(
        help_text=_(
            "At Meta: Business settings → System users → Generate token, with whatsapp_business_messaging and"
            " whatsapp_business_management. The one under WhatsApp → API Setup works for 24 hours."
        )
    )
    waba_id = forms.CharField(
        label=_("WhatsApp Business account ID"),
        max_length=30,
        validators=[meta_id],
        widget=forms.TextInput(attrs={"class": "vTextField", "inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("At Meta under WhatsApp → API Setup, below the choice of the number."),
    )
    app_secret = SecretField(
        label=_("App secret"),
        required=False,
        max_length=200,
        help_text=_("At Meta under App settings → Basic. With it Meta signs what it posts here."),
    )
    pin = pin_field()


class GoOnForm(forms.Form):
    """Which numbers to connect, and what was missing or wrong."""

    phone_number_ids = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": _("Choose at least one number.")}
    )
    access_token = token_field(required=False)
    app_secret = SecretField(label=_("App secret"), required=False, max_length=200)
    pin = pin_field()

    def __init__(self, setup, numbers, *args, **kwargs):
        super().__init__(*args, **kwargs)
        chosen = self.fields["phone_number_ids"]
        chosen.choices = [(number["id"], readable_phone(number["phone"])) for number in numbers]
        chosen.initial = chosen_of(setup)
        if chosen.initial is None:
            chosen.initial = [number["id"] for number in numbers if not number["is_connected"]]
        if not numbers:
            del self.fields["phone_number_ids"]

    def is_checked(self, number):
        """Whether the number's box is ticked."""
        return number["id"] in (self["phone_number_ids"].value() or []) if "phone_number_ids" in self.fields else False
