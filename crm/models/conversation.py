from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel

#: Free text may be sent this long after the customer's last message (Cloud API, "Customer service windows").
CUSTOMER_SERVICE_WINDOW = timedelta(hours=24)


def bot_is_paused() -> Q:
    """The condition that bots are silent in a conversation now: `Conversation.is_bot_paused` for a query."""
    return Q(bot_paused=True) & (Q(bot_resumes_at__isnull=True) | Q(bot_resumes_at__gt=timezone.now()))


def is_snoozed() -> Q:
    """The condition that a conversation is out of sight now: `Conversation.is_snoozed` for a query."""
    # Said of null too, so that the contrary can be asked for.
    return Q(snoozed_until__isnull=False, snoozed_until__gt=timezone.now())


class Conversation(TenantModel):
    """What one customer and one number said to each other."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber",
        on_delete=models.CASCADE,
        related_name="conversations",
        # The constraint's index begins with it.
        db_index=False,
        verbose_name=_("number"),
    )
    customer = models.ForeignKey(
        "crm.Customer", on_delete=models.CASCADE, related_name="conversations", verbose_name=_("customer")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    assignee = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assignee"),
    )
    # Since when it is the assignee's; empty also where that was not kept yet.
    assigned_at = models.DateTimeField(_("assigned"), null=True, editable=False)
    bot_paused = models.BooleanField(
        _("bot paused"), default=False, help_text=_("A person answers here; bots are silent.")
    )
    # Empty in a pause: it has no end. A time that has passed has ended it, whatever `bot_paused` says.
    bot_resumes_at = models.DateTimeField(_("bot answers again"), null=True, editable=False)
    # Written by the bots: a scenario is waiting for an answer here.
    in_scenario = models.BooleanField(_("in a scenario"), default=False, editable=False)
    # What came in since anybody looked.
    unread = models.PositiveIntegerField(_("unread"), default=0, editable=False)
    # What came in at all since this is counted; how much of it one person has seen, a ConversationRead knows.
    inbound_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # Since when a customer's message is left to people: no bot answered it, and no person or program has since.
    waiting_since = models.DateTimeField(_("waits for a person since"), null=True, editable=False)
    # Out of sight until then, or until the customer writes. A time that has passed has ended it.
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, editable=False)
    # Whether the customer's last message is shown to them as read, or about to be (crm.conversations.read_receipts).
    is_shown_read = models.BooleanField(default=False, db_default=False, editable=False)
    last_inbound_at = models.DateTimeField(_("customer wrote"), null=True, editable=False)
    last_message_at = models.DateTimeField(_("last message"), default=timezone.now, editable=False)
    created_at = models.DateTimeField(_("began"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, db_default=Now(), editable=False)

    #: The names of fields that are yet to be saved, in a block that saves once.
    unsaved_fields: set[str] | None = None

    tenant_parent = "whatsapp_number"

    class Meta:
        db_table = "conversations"
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-last_message_at", "-id"]
        permissions = [("export_conversation", "Can export conversations")]
        indexes = [
            # Serves: a business's conversations, the latest first.
            models.Index(
                "business",
                models.F("last_message_at").desc(),
                models.F("id").desc(),
                name="conversation_by_business",
            ),
            # Serves: those with unread messages, which closed ones have none of.
            models.Index(
                "business",
                models.F("last_message_at").desc(),
                models.F("id").desc(),
                name="conversation_unread",
                condition=Q(unread__gt=0),
            ),
            # Serves: those that are open, the latest first.
            models.Index(
                "business",
                models.F("last_message_at").desc(),
                models.F("id").desc(),
                name="conversation_open",
                condition=Q(status="open"),
            ),
            # Serves: those that wait for a person, the longest first.
            models.Index(
                "business",
                "waiting_since",
                "id",
                name="conversation_waiting",
                condition=Q(waiting_since__isnull=False),
            ),
            # Serves: those that are snoozed, the next to come back first.
            models.Index(
                "business",
                "snoozed_until",
                "id",
                name="conversation_snoozed",
                condition=Q(snoozed_until__isnull=False),
            ),
            # Serves: whether anything of a business changed.
            models.Index("business", "updated_at", name="conversation_updated"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["whatsapp_number", "customer"], name="conversation_once_per_number_and_customer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.whatsapp_number}"

    @property
    def window_closes_at(self) -> datetime | None:
        return self.last_inbound_at and self.last_inbound_at + CUSTOMER_SERVICE_WINDOW

    @property
    def window_open(self) -> bool:
        """Whether free text may be sent now."""
        closes_at = self.window_closes_at
        return closes_at is not None and timezone.now() < closes_at

    @property
    def is_bot_paused(self) -> bool:
        """Whether a person answers here now, so that bots are silent."""
        return self.bot_paused and (self.bot_resumes_at is None or timezone.now() < self.bot_resumes_at)

    @property
    def pause_ends_at(self) -> datetime | None:
        """When bots answer here again by themselves; None where they are not paused, and in a pause without end."""
        return self.bot_resumes_at if self.is_bot_paused else None

    @property
    def is_snoozed(self) -> bool:
        """Whether it is out of sight now."""
        return self.snoozed_until is not None and timezone.now() < self.snoozed_until

    @property
    def snooze_ends_at(self) -> datetime | None:
        """Until when it is out of sight; None where it is not."""
        return self.snoozed_until if self.is_snoozed else None


class ConversationRead(TenantModel):
    """How much of what came in a person has seen: what came later is unread to them."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="reads", db_index=False, verbose_name=_("conversation")
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+", verbose_name=_("person"))
    # Of `Conversation.inbound_count`.
    read_count = models.PositiveIntegerField(_("read"), default=0)

    tenant_parent = "conversation"

    class Meta:
        db_table = "conversation_reads"
        verbose_name = _("read mark")
        verbose_name_plural = _("read marks")
        indexes = [
            # Serves: those of a business, when it is deleted.
            models.Index("business", name="conversation_read_business"),
        ]
        constraints = [
            # Its index serves: what a person has read, and the marks of a conversation.
            models.UniqueConstraint(fields=["conversation", "user"], name="conversation_read_once_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.conversation}"
