from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Business
from accounts.tenancy.forms import TenantModelForm
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.confirmation import forget_outdated
from whatsapp.numbers.numbers import Connection
from whatsapp.phone_numbers import normalize_phone
from whatsapp.secrets.encryption import UnreadableSecret

SECRETS = ("access_token", "app_secret")


class SecretField(forms.CharField):
    """A secret that is written and never shown again."""

    widget = forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"})


def _saved_secret_text(number: WhatsAppNumber, name: str) -> str:
    """What may be said of a saved secret: that there is one, and how it ends."""
    try:
        secret = getattr(number, name)
    except UnreadableSecret:
        return _("The saved one cannot be read with today's keys: enter it again.")
    return _("Saved: …%(end)s. Leave empty to keep it.") % {"end": secret[-4:]} if secret else ""


class WhatsAppNumberForm(TenantModelForm):
    """
    A number as people enter it. `connection` is what Meta said of it before the page's transaction began: a
    Connection, or the ValidationError to show. Saving sets `written`: the names of the fields to save.
    """

    connection: Connection | ValidationError | None = None
    written: set[str]

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
            "read_receipts",
            "is_active",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may not change the secrets has no fields for them.
        for name in SECRETS:
            if field := self.fields.get(name):
                field.help_text = _saved_secret_text(self.instance, name) or _help_text_of(name)
        if token := self.fields.get("access_token"):
            token.required = self.instance.pk is None

    def clean_phone_number(self) -> str:
        business = Business.objects.filter(pk=self.instance.business_id).first()
        return normalize_phone(self.cleaned_data["phone_number"], business.country if business else None)

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        for name in self._empty_secrets():
            cleaned_data.pop(name, None)
        if isinstance(self.connection, ValidationError):
            raise self.connection
        return cleaned_data

    def _empty_secrets(self) -> set[str]:
        """The secrets that were left empty, so that the saved ones stay."""
        return {name for name in SECRETS if not self.cleaned_data.get(name)}

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() | self._empty_secrets()

    def save(self, commit: bool = True) -> WhatsAppNumber:
        self.written = set(self.changed_data)
        self.written |= forget_outdated(self.instance, self.written)
        if isinstance(self.connection, Connection):
            self.written |= self.connection.write_to(self.instance)
        return super().save(commit)


def _help_text_of(name: str) -> str:
    return getattr(WhatsAppNumber._meta.get_field(name), "help_text", "")
