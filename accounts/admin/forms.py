"""Forms of the admin for people, businesses and tokens."""

import zoneinfo

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Business, Role, User
from accounts.people import sign_in, tokens
from accounts.tenancy.forms import RefusableModelForm, TenantModelForm


class PersonForm(TenantModelForm):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.OPERATOR,
        help_text=_(
            "An owner may do everything. A manager may not change people, tokens and the business, nor delete "
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

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.instance.business_id:  # A platform administrator has no role.
            self.fields.pop("role", None)


def time_zones():
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class BusinessForm(RefusableModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones, initial="Europe/Moscow")

    class Meta:
        model = Business
        fields = ["name", "country", "time_zone", "language", "currency", "is_suspended"]


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

    def clean_expiry(self):
        return tokens.check_end(self.cleaned_data["expiry"])


class PasswordForm(forms.Form):
    """The password of the person who deletes. Failed tries are counted as those of signing in."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password.")},
    )

    def __init__(self, data=None, *, request):
        super().__init__(data, label_suffix="")
        self.request = request

    def clean_password(self):
        """Raises Refusal("locked_out") after too many failures."""
        password = self.cleaned_data["password"]
        if sign_in.check_password(self.request, self.request.user.email, password) is None:
            raise forms.ValidationError(gettext("This is not your password."))
        return password
