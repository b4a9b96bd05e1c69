import json
from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Revisioned, TenantModel, UniqueInBusiness
from accounts.names import clean_name
from crm.normalization import fold, fold_tag, trim_tag
from whatsapp.phone_numbers import readable_phone, variants_of

#: Of a phone that another customer has, in whichever spelling.
PHONE_TAKEN = _("There is a customer with this phone already.")

#: Why a tag is refused.
NOTHING_SEEN = _("Nothing can be seen in the name of this tag. Write at least one letter, digit or sign.")


class Tag(TenantModel):
    """A word by which a business groups its customers, one whatever its case. Created on first use."""

    name = models.CharField(_("name"), max_length=50)
    # The name as it is compared. Null only where the version before wrote the row (crm.customers.tags).
    folded_name = models.CharField(max_length=500, null=True, editable=False)  # noqa: DJ001

    class Meta:
        db_table = "tags"
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name", "id"]
        constraints = [
            UniqueInBusiness(
                fields=["business", "name"],
                name="tag_unique_in_business",
                violation_error_message=_("There is a tag with this name already."),
            ),
            models.UniqueConstraint(fields=["business", "folded_name"], name="tag_folded_once_in_business"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.set_folded_name()
        if update_fields is not None and "name" in update_fields:
            update_fields = {*update_fields, "folded_name"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def set_folded_name(self) -> None:
        """Bring `folded_name` up to date, as `save` does: for bulk writes."""
        self.name = trim_tag(self.name) or self.name
        self.folded_name = fold_tag(self.name) or self.name

    def clean(self) -> None:
        """Refuse a name in which nothing can be seen, and one that another tag has in whatever case."""
        super().clean()
        if self.name and not fold_tag(self.name):
            raise ValidationError({"name": NOTHING_SEEN}, code="invalid_tag")
        others = Tag.objects.filter(business=self.business_id, folded_name=fold_tag(self.name)).exclude(pk=self.pk)
        if other := others.first():
            message = _("There is a tag with this name already: “%(tag)s”.") % {"tag": other}
            raise ValidationError({"name": message}, code="unique")


class Customer(Revisioned, TenantModel):
    """
    A person as one business knows them: by phone, by WhatsApp user id, or both. People with a WhatsApp username may
    have no phone (Business-scoped user IDs).
    """

    phone = models.CharField(_("phone"), max_length=20, null=True, blank=True)  # noqa: DJ001
    whatsapp_user_id = models.CharField(  # noqa: DJ001
        _("WhatsApp user ID"), max_length=140, null=True, blank=True, editable=False
    )
    # Without the @ before it; who has none has an empty one. People change it as they like.
    username = models.CharField(
        _("WhatsApp username"), max_length=100, blank=True, default="", db_default="", editable=False
    )
    # Of a phone that is spelled in more than one way the canonical spelling, so that nobody adds the same person by
    # another. Where two rows had been one person before, one of them holds its own spelling here.
    canonical_phone = models.CharField(max_length=20, null=True, editable=False)  # noqa: DJ001
    name = models.CharField(pgettext_lazy("person", "name"), max_length=200, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="customers", verbose_name=_("tags"))
    attributes = models.JSONField(
        _("attributes"), default=dict, blank=True, help_text=_("Anything else worth knowing, by name.")
    )
    opted_out_at = models.DateTimeField(
        _("opted out"), null=True, blank=True, help_text=_("Receives no broadcasts since then.")
    )
    # The ad from which they first wrote, as the details of that message have it.
    ad = models.JSONField(_("ad"), null=True, editable=False)
    # Name, phone and username in lower case with ё as е: SQLite cannot ignore the case of Cyrillic letters.
    search_text = models.CharField(max_length=250, editable=False, default="")
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        db_table = "customers"
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-created_at", "-id"]
        permissions = [("export_customer", "Can export customers")]
        indexes = [
            # Serves: a business's customers, newest first.
            models.Index(
                "business", models.F("created_at").desc(), models.F("id").desc(), name="customer_by_business"
            ),
        ]
        constraints = [
            UniqueInBusiness(
                fields=["business", "phone"],
                name="customer_phone_unique_in_business",
                violation_error_message=PHONE_TAKEN,
            ),
            models.UniqueConstraint(
                fields=["business", "canonical_phone"],
                condition=Q(canonical_phone__isnull=False),
                name="customer_once_by_any_spelling",
            ),
            UniqueInBusiness(
                fields=["business", "whatsapp_user_id"],
                name="customer_user_id_unique_in_business",
                violation_error_message=_("There is a customer with this WhatsApp user ID already."),
            ),
            models.CheckConstraint(
                name="customer_has_identity",
                condition=Q(phone__isnull=False) | Q(whatsapp_user_id__isnull=False),
                violation_error_message=_("A customer needs a phone."),
            ),
        ]

    def __str__(self) -> str:
        return clean_name(self.name) or self.readable_username or self.readable_identity

    def clean(self) -> None:
        """Refuse the phone of somebody else, however it is spelled."""
        super().clean()
        spellings = variants_of(self.phone or "")
        if len(spellings) == 1 or self.canonical_phone in spellings:
            return
        others = Customer.objects.filter(business=self.business_id, phone__in=spellings).exclude(pk=self.pk)
        if others.exists():
            raise ValidationError({"phone": ValidationError(PHONE_TAKEN, code="unique")})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """By any spelling of the phone `clean` looks, and has a field to say so."""
        super().validate_constraints({*(exclude or ()), "canonical_phone"})

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.derive()
        if update_fields is not None and {"name", "phone", "username"} & set(update_fields):
            update_fields = {*update_fields, "search_text", "canonical_phone"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def derive(self) -> None:
        """Bring the columns that follow from others up to date, as `save` does: for bulk writes."""
        self.name = clean_name(self.name)
        username = self.username and f"@{self.username}"
        self.search_text = fold(" ".join(filter(None, [self.name, self.phone, username])))[:250]
        spellings = variants_of(self.phone or "")
        if len(spellings) == 1:
            self.canonical_phone = None
        elif self.canonical_phone not in spellings:
            self.canonical_phone = spellings[0]

    def retire(self) -> None:
        """Whoever writes from this phone, or as this WhatsApp user, is somebody new."""
        self.phone, self.whatsapp_user_id = None, f"deleted-{self.pk}"
        self.save(update_fields=["phone", "whatsapp_user_id"])

    @property
    def readable_identity(self) -> str:
        """How somebody without a name is called: the phone, else the username, else the WhatsApp user id."""
        return readable_phone(self.phone) if self.phone else self.readable_username or self.whatsapp_user_id or ""

    @property
    def readable_username(self) -> str:
        return f"@{self.username}" if self.username else ""

    def recipient(self) -> dict[str, str | None]:
        return recipient_of(self.phone, self.whatsapp_user_id)

    @property
    def opted_out(self) -> bool:
        return self.opted_out_at is not None


def recipient_of(phone: str | None, whatsapp_user_id: str | None) -> dict[str, str | None]:
    """`to` for a phone, `recipient` for a WhatsApp user id (Cloud API, "Business-scoped user IDs")."""
    return {"to": phone} if phone else {"recipient": whatsapp_user_id}


def attribute_text(value: Any) -> str:
    """An attribute's value as a person reads and writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
