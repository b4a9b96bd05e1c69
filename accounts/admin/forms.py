"""Forms of the admin for people, businesses and tokens."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import time_zones
from accounts.models import ApiToken, Business, Role, User
from accounts.models.business import clean_words, default_opt_in_text, default_opt_out_text
from accounts.people import sign_in, tokens
from accounts.tenancy.forms import RefusableModelForm, TenantModelForm
from accounts.tenancy.hours_field import HOURS, HoursForm, show_hours, written_hours
from accounts.tenancy.scope import signed_in


class PersonForm(TenantModelForm):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.OPERATOR,
        help_text=_(
            "An owner may do everything. A manager may not change people, tokens or the business, nor delete "
            "numbers. An operator answers customers."
        ),
    )

    class Meta:
        model = User
        fields = ["email", "name", "role", "language", "is_active"]
        help_texts = {
            "is_active": _(
                "Switch off instead of deleting, to keep what they wrote. It ends their sign-ins and deletes the API "
                "tokens they made: switched on again, they sign in anew and make new ones."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.instance.business_id:  # A platform administrator has no role.
            self.fields.pop("role", None)


class WordLinesField(forms.CharField):
    """Words or phrases, one a line; a list."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return clean_words((super().to_python(value) or "").splitlines())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class BusinessForm(HoursForm, RefusableModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones.choices, initial="Europe/Moscow")
    opt_out_words = WordLinesField(
        label=_("Opt-out words"),
        required=False,
        help_text=_(
            "One word or phrase a line. Whoever writes it and nothing else opts out, as by “stop”, “unsubscribe” and "
            "the like, which need not stand here."
        ),
    )
    opt_in_words = WordLinesField(
        label=_("Opt-in words"),
        required=False,
        help_text=_("One a line. Whoever opted out and writes it opts in again, as by “start” and “subscribe”."),
    )

    class Meta:
        model = Business
        fields = [
            "name",
            "country",
            "time_zone",
            "language",
            "currency",
            "is_suspended",
            "bot_returns_after",
            "alerts_after",
            "alerts_about_numbers",
            "assigns_automatically",
            "returns_after",
            "opt_out_words",
            "opt_in_words",
            "confirms_opt_out",
            "opt_out_text",
            "opt_in_text",
        ]
        widgets = {
            "opt_out_text": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
            "opt_in_text": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields.get("time_zone")
        if zone:
            zone.choices = partial(time_zones.choices, self.instance.time_zone)
        show_hours(self, self.instance.office_hours or {})
        with translation.override(self.instance.language):
            texts = {"opt_out_text": default_opt_out_text(), "opt_in_text": default_opt_in_text()}
        for name in set(texts) & set(self.fields):
            self.fields[name].widget.attrs["placeholder"] = texts[name]
            self.fields[name].help_text = _("Empty: the text that is shown in grey.")

    def save(self, commit: bool = True) -> Any:
        if set(HOURS) & set(self.fields):
            self.instance.office_hours = written_hours(self.cleaned_data)
        return super().save(commit)


class ApiTokenForm(RefusableModelForm):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("The program that will use the key."))
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.MANAGER,
        help_text=ApiToken._meta.get_field("role").help_text,
    )

    class Meta:
        model = ApiToken
        fields = ["name", "role", "expiry"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "expiry" in self.fields:
            zone = {"zone": time_zones.current()}
            self.fields["expiry"].help_text = _("Empty: it never expires. Time zone: %(zone)s.") % zone

    def clean_expiry(self) -> datetime | None:
        expiry: datetime | None = self.cleaned_data["expiry"]
        tokens.check_expiry(expiry)
        return expiry


class PasswordForm(forms.Form):
    """The password of whoever deletes. Failures count as those of signing in."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, request: HttpRequest) -> None:
        super().__init__(data, label_suffix="")
        self.request = request

    def clean_password(self) -> str:
        """Raises Refusal("locked_out") after too many failures."""
        password: str = self.cleaned_data["password"]
        if sign_in.check_password(self.request, signed_in(self.request).email, password) is None:
            raise forms.ValidationError(gettext("This is not your password."))
        return password
