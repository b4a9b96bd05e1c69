from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import JobRow, TenantModel, TenantQuerySet

from .message import Message


class ScheduledMessageQuerySet(TenantQuerySet):
    def waiting(self) -> Self:
        """Those whose time is still to come, or has just come, in conversations that stay."""
        return self.not_being_deleted().filter(state=ScheduledMessage.State.WAITING)

    def shown(self) -> Self:
        """Those that people see beside a conversation: what waits, and what could not be sent until they say so."""
        return self.filter(state__in=[ScheduledMessage.State.WAITING, ScheduledMessage.State.FAILED])


class ScheduledMessage(JobRow, TenantModel):
    """
    A text or a template that goes out later. At its time it becomes a message, once, or is given up with the reason.

    waiting → sent | cancelled | failed; failed → cancelled, waiting
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for its time")
        SENT = "sent", pgettext_lazy("message for later", "sent")
        CANCELLED = "cancelled", pgettext_lazy("message for later", "cancelled")
        FAILED = "failed", _("not sent")

    conversation = models.ForeignKey(
        "crm.Conversation",
        on_delete=models.CASCADE,
        related_name="scheduled_messages",
        verbose_name=_("conversation"),
    )
    author = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    origin = models.CharField(_("from"), max_length=10, choices=Message.Origin.choices, default=Message.Origin.PERSON)
    send_at = models.DateTimeField(_("when"))
    # What is written, or how the template reads that is sent.
    text = models.TextField(_("text"))
    is_template = models.BooleanField(default=False)
    template = models.ForeignKey(
        "whatsapp.MessageTemplate", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("template")
    )
    parameters = models.JSONField(default=dict)
    reply_to = models.ForeignKey("crm.Message", on_delete=models.SET_NULL, null=True, related_name="+")
    pauses_bot = models.BooleanField(default=True)
    cancel_if_customer_writes = models.BooleanField(_("not if the customer writes first"), default=False)
    # How many messages the customer had sent when it was written.
    inbound_count = models.PositiveIntegerField(default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    # Why it was not sent, a sentence for people.
    problem = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    finished_at = models.DateTimeField(null=True, editable=False)

    tenant_parent = "conversation"

    objects = ScheduledMessageQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "scheduled_messages"
        verbose_name = _("message for later")
        verbose_name_plural = _("messages for later")
        ordering = ["send_at", "id"]
        indexes = [
            # Serves: what is due.
            models.Index("due_at", name="scheduled_message_due", condition=Q(due_at__isnull=False)),
            # Serves: those of a business.
            models.Index("business", "send_at", name="scheduled_message_by_business"),
            # Serves: forgetting old ones.
            models.Index("finished_at", name="scheduled_message_age", condition=Q(finished_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.text[:60]
