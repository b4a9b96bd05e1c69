from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel


class Wait(TenantModel):
    """A wait of a customer for a person that is over: how long it took, and how it ended."""

    class Ending(models.TextChoices):
        ANSWERED = "answered", _("answered")
        CLOSED = "closed", _("closed without an answer")

    conversation = models.ForeignKey(
        "crm.Conversation", on_delete=models.CASCADE, related_name="waits", verbose_name=_("conversation")
    )
    # Who answered, if it was a person in this program.
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("person"),
    )
    ending = models.CharField(_("ending"), max_length=10, choices=Ending.choices)
    waited_seconds = models.PositiveIntegerField(_("waited (seconds)"))
    ended_at = models.DateTimeField(_("ended"))

    tenant_parent = "conversation"

    class Meta:
        db_table = "waits"
        verbose_name = _("wait")
        verbose_name_plural = _("waits")
        indexes = [
            # Serves: the waits of a business that ended in a time.
            models.Index("business", "ended_at", name="wait_by_business"),
            # Serves: those of a person who is deleted.
            models.Index("user", name="wait_by_user", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.conversation} · {self.waited_seconds}"
