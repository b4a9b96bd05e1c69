from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from whatsapp.models import OutboundMessage

if TYPE_CHECKING:
    from .media_file import MediaFile

#: Types that say something about another message.
ANNOTATION_TYPES = ("reaction", "edit", "revoke")

#: Types that are a line about the conversation.
LINE_TYPES = ("system", "call")

#: Types that are no messages to answer: they annotate another message, or tell of the customer.
EVENT_TYPES = (*ANNOTATION_TYPES, *LINE_TYPES)

#: Types that carry a file.
MEDIA_TYPES = ("image", "video", "audio", "document", "sticker")


class Message(OutboundMessage):
    """
    One thing said in a conversation, in or out: every element of a webhook's `messages[]` that has an id, everything
    sent there by a person, a bot or a program, and what the owner wrote on their own phone, which is never to be sent.
    Reactions, edits, revokes, system events and calls are rows too.

    `text` of what came in is what the customer wrote, tapped or captioned: empty where that is nothing, when something
    is shown in its place (crm.conversations.message_texts). `content` is the object as Meta has it: the whole element
    of what came by webhook, the body to send of the others.
    """

    class Direction(models.TextChoices):
        IN = "in", _("in")
        OUT = "out", _("out")

    class Origin(models.TextChoices):
        """Who wrote it."""

        CUSTOMER = "customer", _("customer")
        PERSON = "person", _("person")
        PHONE = "phone", _("owner's phone")
        BOT = "bot", _("bot")
        API = "api", _("program")

    conversation = models.ForeignKey(
        "crm.Conversation",
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
        verbose_name=_("conversation"),
    )
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    origin = models.CharField(_("from"), max_length=10, choices=Origin.choices)
    author = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    type = models.CharField(_("type"), max_length=30)
    text = models.TextField(_("text"), blank=True, help_text=_("What a person reads."))
    content = models.JSONField(default=dict)
    # The wamid this one answers, reacts to, edits or revokes.
    context_wamid = models.CharField(max_length=255, blank=True)
    timestamp = models.DateTimeField(_("time"), default=timezone.now)
    # Inbound: when automation (bots) had its turn with it; empty while that is still to come.
    automated_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    tenant_parent = "conversation"
    ordered_by = "conversation"
    sent_with = ("conversation__customer",)

    class Meta(OutboundMessage.Meta):
        db_table = "messages"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-id"]
        indexes = [
            *OutboundMessage.Meta.indexes,
            # Serves: a conversation's thread.
            models.Index("conversation", "timestamp", "id", name="message_thread"),
            # Serves: the reactions, edits and revokes of the messages on a page of the thread.
            models.Index(
                "conversation",
                "context_wamid",
                name="message_annotations",
                condition=Q(type__in=ANNOTATION_TYPES),
            ),
            # Serves: a business's messages, newest first.
            models.Index("business", models.F("created_at").desc(), models.F("id").desc(), name="message_by_business"),
            # Serves: inbound messages that wait for automation.
            models.Index(
                "conversation",
                "id",
                name="message_to_automate",
                condition=Q(direction="in", automated_at__isnull=True),
            ),
        ]
        constraints = [
            *OutboundMessage.Meta.constraints,
            models.CheckConstraint(
                name="message_status_fits_direction",
                condition=Q(direction="in", status="received") | Q(direction="out") & ~Q(status="received"),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60] or self.type

    @property
    def is_event(self) -> bool:
        return self.type in EVENT_TYPES

    @property
    def media(self) -> "MediaFile | None":
        """The message's MediaFile, or None."""
        return getattr(self, "media_file", None)

    @property
    def named_as(self) -> tuple[str, int]:
        return "message", self.pk

    def cloud_api_message(self) -> dict[str, Any]:
        """What is posted to the Cloud API."""
        return {**self.content, **self.conversation.customer.recipient()}
