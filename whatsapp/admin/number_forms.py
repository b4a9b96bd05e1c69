from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Business
from accounts.tenancy.forms import TenantModelForm
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.confirmation import forget_outdated
from whatsapp.phone_numbers import normalize_phone
from whatsapp.secrets.encryption import UnreadableSecret

SECRETS = {"access_token", "app_secret"}


class SecretField(forms.CharField):
    """A secret that is written and never shown again."""

    widget = forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"})


def saved_secret(number, name):
    """What may be said of a saved secret: that there is one, and how it ends."""
    try:
        secret = getattr(number, name)
    except UnreadableSecret:
        return _("The saved one cannot be read with today's keys: enter it again.")
    return _("Saved: …%(end)s. Leave empty to keep it.") % {"end": secret[-4:]} if secret else ""


class WhatsAppNumberForm(TenantModelForm):
    """
    A number as people enter it. `connection` is what Meta said, asked before the page's transaction began: a
    Connection, or the ValidationError to show.
    """

    connection = None

    access_token = SecretField(label=gettext_lazy("Access token"), required=False)
    app_secret = SecretField(label=gettext_lazy("App secret"), required=False)

    class Meta:
        model = WhatsAppNumber
        fields = [
            "name",
            "phone_number",
            "phone_number_id",
            "waba_id",
            "access_token",
            "app_secret",
            "messages_per_second",
            "is_active",
        ]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in SECRETS & set(self.fields):
            field = self.fields[name]
            field.help_text = saved_secret(self.instance, name) or WhatsAppNumber._meta.get_field(name).help_text
        if "access_token" in self.fields:
            self.fields["access_token"].required = self.instance.pk is None

    def clean_phone_number(self):
        business = Business.objects.filter(pk=self.instance.business_id).first()
        return normalize_phone(self.cleaned_data["phone_number"], business.country if business else None)

    def clean(self):
        cleaned_data = super().clean()
        for name in self._kept_secrets():
            cleaned_data.pop(name, None)
        if isinstance(self.connection, forms.ValidationError):
            raise self.connection
        return cleaned_data

    def _kept_secrets(self):
        """The secrets that were left empty, so that the saved ones stay."""
        return {name for name in SECRETS if not self.cleaned_data.get(name)}

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() | self._kept_secrets()

    def save(self, commit=True):
        """`written` are the fields to save of a number that there was already."""
        self.written = set(self.changed_data)
        self.written |= forget_outdated(self.instance, self.written)
        if self.connection:
            self.written |= self.connection.write_to(self.instance)
        return super().save(commit)
