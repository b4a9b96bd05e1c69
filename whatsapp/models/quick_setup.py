from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import JobRow, TenantModel
from whatsapp.secrets.encryption import EncryptedTextField, HoldsSecrets

pin_rule = RegexValidator(r"^\d{6}$", _("Six digits, as the PIN of two-step verification has."))


class QuickSetup(HoldsSecrets, JobRow, TenantModel):
    """
    A quick setup of the numbers of one WhatsApp Business account: what a person entered, and what came of each step.
    It stays for a day, so that it can be continued. Requests work on it, one at a time.
    """

    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="+", editable=False, verbose_name=_("person")
    )
    waba_id = models.CharField(_("WhatsApp Business account ID"), max_length=30, editable=False)
    access_token = EncryptedTextField(_("access token"), editable=False)
    app_secret = EncryptedTextField(_("app secret"), blank=True, editable=False)
    pin = EncryptedTextField(_("PIN"), blank=True, editable=False)
    token_expires_at = models.DateTimeField(_("token expires"), null=True, editable=False)
    # The account's numbers as Meta listed them; which of them to connect is None until somebody chose.
    found = models.JSONField(default=list, editable=False)
    phone_number_ids = models.JSONField(null=True, editable=False)
    # What came of each step, in the order of the steps: quick_setup.results.Result.
    results = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)

    class Meta:
        db_table = "quick_setups"
        verbose_name = _("quick setup")
        verbose_name_plural = _("quick setups")
        indexes = [
            # Serves: forgetting old ones.
            models.Index("created_at", name="quick_setup_age"),
        ]

    def __str__(self) -> str:
        return self.waba_id
