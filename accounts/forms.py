import logging
from typing import Any

from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from . import mail
from .api import throttling
from .mail import Mail
from .models import User
from .people import registration
from .refusals import Refusal
from .tenancy.forms import refuse_invisible_names

logger = logging.getLogger(__name__)


class PasswordResetForm(auth_forms.PasswordResetForm):
    """Asks for the e-mail to which the link is sent, in our words."""

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        path = reverse("password_reset_confirm", args=[context["uid"], context["token"]])
        letter = Mail(
            subject=gettext("A new password"),
            paragraphs=[
                gettext("Somebody, probably you, asked for a new password of %(email)s.") % {"email": to_email},
                gettext("The link works for three days, once."),
            ],
            button=pgettext("button", "Choose a new password"),
            url=f"{context['protocol']}://{context['domain']}{path}",
            ending=gettext("If it was not you, do nothing: the password stays as it is."),
        )
        try:
            mail.send(letter, [to_email])
        except Exception:
            # The page says nothing of it, as it does not of an e-mail that nobody has.
            logger.exception("The link for a new password could not be sent to person %s.", context["user"].pk)


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
