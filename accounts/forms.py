from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .api import throttling
from .models import User
from .people import registration
from .refusals import Refusal
from .tenancy.forms import refuse_invisible_names


class RegistrationForm(forms.Form):
    business_name = forms.CharField(label=_("Name of the business"), max_length=200)
    name = forms.CharField(label=_("Your name"), max_length=150, required=False)
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )

    def clean(self) -> dict[str, Any]:
        refuse_invisible_names(self)
        return self.cleaned_data

    def register(self, request: HttpRequest, language: str) -> User | None:
        """The new owner; None if it failed, with the reasons among the form's errors."""
        try:
            throttling.check_registration_rate(request)
            return registration.register(language=language, **self.cleaned_data)
        except ValidationError as error:
            self.add_error(None, error)
        except Refusal as refusal:
            self.add_error(None, str(refusal))
        return None
