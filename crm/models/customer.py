import json
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Revisioned, TenantModel, UniqueInBusiness
from crm.normalization import fold
from whatsapp.phone_numbers import readable_phone


class Tag(TenantModel):
    """A word by which a business groups its customers. Created on first use."""

    name = models.CharField(_("name"), max_length=50)

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
            )
        ]

    def __str__(self) -> str:
        return self.name


class Customer(Revisioned, TenantModel):
    """
    A person as one business knows them: by phone, by WhatsApp user id, or both. People with a WhatsApp username may
    have no phone (Business-scoped user IDs).
    """

    phone = models.CharField(_("phone"), max_length=20, null=True, blank=True)  # noqa: DJ001
    whatsapp_user_id = models.CharField(  # noqa: DJ001
        _("WhatsApp user ID"), max_length=140, null=True, blank=True, editable=False
    )
    name = models.CharField(pgettext_lazy("person", "name"), max_length=200, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="customers", verbose_name=_("tags"))
    attributes = models.JSONField(
        _("attributes"), default=dict, blank=True, help_text=_("Anything else worth knowing, by name.")
    )
    opted_out_at = models.DateTimeField(
        _("opted out"), null=True, blank=True, help_text=_("Receives no broadcasts since then.")
    )
    # Name and phone in lower case with ё as е: SQLite cannot ignore the case of Cyrillic letters.
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
                violation_error_message=_("There is a customer with this phone already."),
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
        return self.name or self.readable_identity

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.set_search_text()
        if update_fields is not None and {"name", "phone"} & set(update_fields):
            update_fields = {*update_fields, "search_text"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def set_search_text(self) -> None:
        """Bring `search_text` up to date, as `save` does: for bulk writes."""
        self.search_text = fold(f"{self.name} {self.phone or ''}")[:250]

    def retire(self) -> None:
        """Whoever writes from this phone, or as this WhatsApp user, is somebody new."""
        self.phone, self.whatsapp_user_id = None, f"deleted-{self.pk}"
        self.save(update_fields=["phone", "whatsapp_user_id"])

    @property
    def readable_identity(self) -> str:
        return readable_phone(self.phone) if self.phone else self.whatsapp_user_id or ""

    def recipient(self) -> dict[str, str | None]:
        """`to` for a phone, `recipient` for a WhatsApp user id (Cloud API, "Business-scoped user IDs")."""
        return {"to": self.phone} if self.phone else {"recipient": self.whatsapp_user_id}

    @property
    def opted_out(self) -> bool:
        return self.opted_out_at is not None


def attribute_text(value: Any) -> str:
    """An attribute's value as a person reads and writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
