"""What whoever deletes something fills in first."""

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import sign_in


class NameForm(forms.Form):
    """The name of the row, typed. More or fewer spaces do not matter."""

    typed = forms.CharField(
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Type the name, so that nothing is deleted by mistake.")},
    )

    def __init__(self, data=None, *, row):
        super().__init__(data, prefix=f"name-{row.pk}", label_suffix="")
        self.name = str(row)
        label = _("To delete it, type its name: {}")
        self.fields["typed"].label = format_html(label, format_html("<strong>{}</strong>", self.name))

    def clean_typed(self):
        typed = self.cleaned_data["typed"]
        if typed.split() != self.name.split():
            raise forms.ValidationError(_("This is not the name. Nothing was deleted."))
        return typed


class PasswordForm(forms.Form):
    """The password of the person who deletes. Failed tries are counted as those of signing in."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": gettext_lazy("Enter your password.")},
    )

    def __init__(self, data=None, *, request):
        super().__init__(data, label_suffix="")
        self.request = request

    def clean_password(self):
        """Raises Refusal("locked_out") after too many failures."""
        password = self.cleaned_data["password"]
        if sign_in.check_password(self.request, self.request.user.email, password) is None:
            raise forms.ValidationError(_("This is not your password."))
        return password
