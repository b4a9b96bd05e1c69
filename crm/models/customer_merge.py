from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel
from whatsapp.phone_numbers import readable_phone


class CustomerMerge(TenantModel):
    """
    Two customers that became one, and what it takes to make them two again. An undone merge stays as the note that
    these are two people, and holds nothing else.

    `source` and `target` are the customers as they were before, as Django serializes a row; `changes` are what was
    done to the rows of the source (crm.customers.merge.Changes).
    """

    customer = models.ForeignKey(
        "crm.Customer", on_delete=models.CASCADE, related_name="merges", verbose_name=_("customer")
    )
    source_pk = models.BigIntegerField(editable=False)
    source: Any = models.JSONField(default=dict, editable=False)
    target: Any = models.JSONField(default=dict, editable=False)
    changes: Any = models.JSONField(default=dict, editable=False)
    merged_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    created_at = models.DateTimeField(_("merged"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, editable=False)

    tenant_parent = "customer"

    class Meta:
        db_table = "customer_merges"
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Serves: a business's merges, newest first.
            models.Index(
                "business", models.F("created_at").desc(), models.F("id").desc(), name="customer_merge_by_business"
            ),
            # Serves: pruning.
            models.Index("created_at", name="customer_merge_age"),
        ]

    def __str__(self) -> str:
        return f"{self.source_name} → {self.customer}"

    @property
    def source_name(self) -> str:
        """How the customer that is gone was called."""
        fields = self.source.get("fields", {})
        return fields.get("name") or fields.get("phone") or fields.get("whatsapp_user_id") or str(self.source_pk)

    @property
    def source_identity(self) -> str:
        """By what the customer that is gone was known: the phone, else the WhatsApp user id."""
        fields = self.source.get("fields", {})
        return readable_phone(fields["phone"]) if fields.get("phone") else fields.get("whatsapp_user_id") or ""
