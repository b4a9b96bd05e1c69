import secrets
from datetime import datetime
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Revisioned, TenantModel, TenantQuerySet, UniqueInBusiness
from whatsapp.phone_numbers import readable_phone
from whatsapp.secrets.encryption import EncryptedTextField, HoldsSecrets

meta_id = RegexValidator(r"^\d{5,30}$", _("5 to 30 digits, as Meta shows them under WhatsApp → API Setup."))

#: Of a phone number ID that belongs to another number here.
TAKEN = _("This phone number ID is already connected. Open that number, or check the ID at Meta.")


def new_verify_token() -> str:
    return secrets.token_urlsafe(24)


class WhatsAppNumberQuerySet(TenantQuerySet):
    def that_may_send(self, now: datetime | None = None) -> Self:
        """Active, not paused, and of a business that is neither suspended nor past the end of its plan."""
        now = now or timezone.now()
        return self.filter(
            Q(paused_until__isnull=True) | Q(paused_until__lte=now),
            Q(business__subscription__ends_at__isnull=True) | Q(business__subscription__ends_at__gt=now),
            is_active=True,
            business__is_suspended=False,
        )

    def sharing_account_with(self, number: "WhatsAppNumber") -> Self:
        """The numbers of the same WABA in the same business, the number itself included; it alone when it has none."""
        if not number.waba_id:
            return self.filter(pk=number.pk)
        return self.filter(business=number.business_id, waba_id=number.waba_id)


class WhatsAppNumber(HoldsSecrets, Revisioned, TenantModel):
    """One number of a business on Meta's Cloud API. Bots, conversations and broadcasts hang on it."""

    class Status(models.TextChoices):
        CONNECTED = "connected", _("connected")
        NOT_CHECKED = "not_checked", _("not checked")
        PROBLEM = "problem", _("problem")

    class ReadReceipts(models.TextChoices):
        """When customers are shown, by blue ticks, that their messages were read."""

        NEVER = "never", _("never")
        OPENED = "opened", _("when somebody opens the conversation")
        ANSWERED = "answered", _("when the message is answered")

    name = models.CharField(_("name"), max_length=100, help_text=_("What you call it, for example “Shop”."))
    phone_number = models.CharField(
        _("phone number"), max_length=20, help_text=_("With the country code, for example +79161234567.")
    )
    phone_number_id = models.CharField(
        _("phone number ID"),
        max_length=30,
        validators=[meta_id],
        help_text=_("Meta's “Phone number ID”, under WhatsApp → API Setup."),
    )
    # When Meta last let this token read this phone number ID. Until it does, the ID is a claim that anybody can make.
    confirmed_at = models.DateTimeField(_("confirmed by Meta"), null=True, editable=False)
    waba_id = models.CharField(
        _("WhatsApp Business account ID"),
        max_length=30,
        blank=True,
        validators=[meta_id],
        help_text=_("Needed for templates, and so for broadcasts."),
    )
    # When Meta last listed this phone number ID in this account to this token.
    waba_confirmed_at = models.DateTimeField(_("account confirmed by Meta"), null=True, editable=False)
    access_token = EncryptedTextField(_("access token"))
    app_secret = EncryptedTextField(
        _("app secret"),
        blank=True,
        help_text=_("The secret of the Meta app that issued the token: it signs the webhooks."),
    )
    # The PIN of two-step verification that registering set or was given.
    pin = EncryptedTextField(_("PIN"), blank=True, default="", db_default="", editable=False)
    verify_token = models.CharField(_("verify token"), max_length=64, default=new_verify_token, editable=False)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Off: incoming messages are kept, bots are silent, and nothing is sent."),
    )
    status = models.CharField(
        _("connection"), max_length=20, choices=Status.choices, default=Status.NOT_CHECKED, editable=False
    )
    problem = models.CharField(_("problem"), max_length=500, blank=True, editable=False)
    quality_rating = models.CharField(_("quality"), max_length=20, blank=True, editable=False)
    verified_name = models.CharField(_("verified name"), max_length=200, blank=True, editable=False)
    # How the number stands, in Meta's terms (Cloud API, "Phone numbers"); empty while Meta has said nothing.
    meta_status = models.CharField(
        _("status at Meta"), max_length=30, blank=True, default="", db_default="", editable=False
    )
    name_status = models.CharField(
        _("name review"), max_length=30, blank=True, default="", db_default="", editable=False
    )
    messaging_limit = models.CharField(
        _("messaging limit"), max_length=30, blank=True, default="", db_default="", editable=False
    )
    throughput = models.CharField(
        _("throughput"), max_length=30, blank=True, default="", db_default="", editable=False
    )
    token_expires_at = models.DateTimeField(_("token expires"), null=True, editable=False)
    # The names of the apps to which Meta posts the account's webhooks; None while Meta has not been asked.
    subscribed_apps = models.JSONField(_("apps that receive webhooks"), null=True, editable=False)
    messages_per_second = models.PositiveSmallIntegerField(
        _("messages a second"),
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Meta allows 80 to most numbers."),
    )
    read_receipts = models.CharField(
        _("blue ticks"),
        max_length=10,
        choices=ReadReceipts.choices,
        default=ReadReceipts.ANSWERED,
        db_default=ReadReceipts.ANSWERED,
        help_text=_("When customers see that their message was read."),
    )
    # Until when nothing is sent because Meta asked to slow down.
    paused_until = models.DateTimeField(_("sending paused until"), null=True, editable=False)
    # Digest of the token that Meta refused while sending. With another one, sending goes on by itself.
    refused_token = models.CharField(max_length=64, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    # What Meta reported that needs a person and is in no field above (whatsapp.numbers.alerts).
    alerts = models.JSONField(default=dict, db_default={}, editable=False)
    # When a webhook last came for this number, to within ten minutes; how many were refused since, and when the last
    # one was (whatsapp.webhooks.arrivals).
    last_event_at = models.DateTimeField(_("last event"), null=True, editable=False)
    webhooks_refused = models.PositiveIntegerField(_("webhooks refused"), default=0, db_default=0, editable=False)
    webhooks_refused_at = models.DateTimeField(_("last webhook refused"), null=True, editable=False)
    # When Meta is to be asked next how the number stands, and how often in a row it could not say.
    # These and the following are twice the columns of accounts.models.JobRow.
    check_due_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    check_lease_until = models.DateTimeField(null=True, editable=False)
    check_attempts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    failed_checks = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    check_error = models.TextField(blank=True, default="", db_default="", editable=False)
    # When the templates of its WhatsApp Business account are to be read at Meta.
    templates_due_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    templates_lease_until = models.DateTimeField(null=True, editable=False)
    templates_attempts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    templates_error = models.TextField(blank=True, default="", db_default="", editable=False)
    # When all its conversations were last exported into a file.
    exported_at = models.DateTimeField(_("exported"), null=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = WhatsAppNumberQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "whatsapp_numbers"
        verbose_name = _("WhatsApp number")
        verbose_name_plural = _("WhatsApp numbers")
        ordering = ["name", "id"]
        permissions = [("change_secrets_of_whatsappnumber", "Can change the secrets of a number")]
        indexes = [
            # Serves: a business's numbers.
            models.Index("business", "name", name="number_by_business"),
            # Serves: the numbers that a webhook names.
            models.Index("phone_number_id", name="number_by_meta_id"),
            # Serves: the numbers of a WABA that a webhook names.
            models.Index("waba_id", name="number_by_waba"),
            # Serves: the tick that finds numbers whose templates are to be read.
            models.Index("templates_due_at", name="number_templates_due", condition=~models.Q(waba_id="")),
            # Serves: the tick that finds numbers to be checked.
            models.Index("check_due_at", name="number_check_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number_id"],
                condition=Q(confirmed_at__isnull=False),
                name="number_confirmed_once",
                violation_error_code="unique",
                violation_error_message=TAKEN,
            ),
            UniqueInBusiness(
                fields=["business", "phone_number_id"],
                name="number_once_in_business",
                violation_error_code="unique",
                violation_error_message=TAKEN,
            ),
            models.CheckConstraint(
                name="number_rate_possible",
                condition=models.Q(messages_per_second__gte=1, messages_per_second__lte=1000),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def awaits_confirmation(self) -> bool:
        """Whether Meta was not asked yet whose phone number ID this is; the next check asks."""
        return self.confirmed_at is None and self.status != self.Status.PROBLEM

    @property
    def receipt_name(self) -> str:
        return f"{self.name}, {readable_phone(self.phone_number)}"

    def retire(self) -> None:
        """Send nothing and receive nothing any more, forget the secrets, and let others connect this number."""
        self.is_active = False
        self.phone_number_id = f"deleted-{self.pk}"
        self.waba_id = self.access_token = self.app_secret = self.pin = ""
        self.confirmed_at = self.waba_confirmed_at = None
        self.save(
            update_fields=[
                "is_active",
                "phone_number_id",
                "confirmed_at",
                "waba_id",
                "waba_confirmed_at",
                "access_token",
                "app_secret",
                "pin",
            ]
        )
