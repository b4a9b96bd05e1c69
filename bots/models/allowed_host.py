from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Revisioned, TenantModel, UniqueInBusiness
from bots.document.addresses import BadAddress, read_host
from whatsapp.secrets.encryption import EncryptedTextField, HoldsSecrets, UnreadableSecret


class AllowedHost(HoldsSecrets, Revisioned, TenantModel):
    """A host that the business's scenarios may call, and the secret by which it knows them."""

    host = models.CharField(_("host"), max_length=253, help_text=_("Like api.example.com, without https://."))
    allow_http = models.BooleanField(
        _("also without encryption"),
        default=False,
        help_text=_("Calls by http:// can be read and changed on their way. Better leave it off."),
    )
    authorization = EncryptedTextField(
        _("Authorization header"),
        blank=True,
        default="",
        help_text=_("Sent to this host alone, for example: Bearer 12345. It is kept encrypted and not shown again."),
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        db_table = "allowed_hosts"
        verbose_name = _("allowed host")
        verbose_name_plural = _("allowed hosts")
        ordering = ["host"]
        constraints = [
            UniqueInBusiness(
                fields=["business", "host"],
                name="allowed_host_unique_in_business",
                violation_error_message=_("This host is allowed already."),
            )
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def has_authorization(self) -> bool:
        """Whether a secret is kept, without reading it."""
        return bool(self.__dict__.get("authorization"))

    def clean(self) -> None:
        super().clean()
        try:
            self.host = read_host(self.host)
        except BadAddress as error:
            raise ValidationError({"host": str(error)}) from error
        try:
            authorization = self.authorization
        except UnreadableSecret:
            # It was looked at when it was entered.
            return
        if not (authorization.isascii() and authorization.isprintable()):
            raise ValidationError({"authorization": _("A header is one line of Latin letters, digits and signs.")})
