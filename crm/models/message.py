from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from whatsapp.graph.errors import CloudApiError
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile, OutboundMessage, WhatsAppNumber
from whatsapp.sending.tasks import deliver
from whatsapp.template_parameters import references_in, with_files

if TYPE_CHECKING:
    from .media_file import MediaFile

#: Types that say something about another message.
ANNOTATION_TYPES = ("reaction", "edit", "revoke")

#: Types that are a line about the conversation.
LINE_TYPES = ("system", "call")

#: Types that are no messages to answer: they annotate another message, or tell of the customer.
EVENT_TYPES = (*ANNOTATION_TYPES, *LINE_TYPES)

#: What colleagues tell each other: no customer ever sees it.
NOTE_TYPE = "note"

#: Types that carry a file.
MEDIA_TYPES = ("image", "video", "audio", "document", "sticker")


#: In the order of lists.
NEWEST_FIRST = (models.F("created_at").desc(), models.F("id").desc())


class Message(OutboundMessage):
    """
    One thing said in a conversation, in or out: every element of a webhook's `messages[]` that has an id, everything
    sent there by a person, a bot or a program, and what the owner wrote on their own phone, which is never to be sent.
    Reactions, edits, revokes, system events and calls are rows too, and the notes that colleagues write to each other.

    `text` of what came in is what the customer wrote, tapped or captioned: empty where that is nothing, when something
    is shown in its place (crm.conversations.message_texts). `content` is the object as Meta has it: the whole element
    of what came by webhook, the body to send of the others.
    """

    class Direction(models.TextChoices):
        IN = "in", _("in")
        OUT = "out", _("out")
        INTERNAL = "internal", _("internal")

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
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices)
    origin = models.CharField(_("from"), max_length=10, choices=Origin.choices)
    author = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
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
            models.Index("business", *NEWEST_FIRST, name="message_by_business"),
            # Serve: those of one direction, and those of one origin, however rare.
            models.Index("business", "direction", *NEWEST_FIRST, name="message_by_direction"),
            models.Index("business", "origin", *NEWEST_FIRST, name="message_by_origin"),
            # Serve: those of one status that is rare, of which some need a person. One index for all would do on
            # PostgreSQL alone: SQLite does not see that a status is one `IN (…)`, and takes an index for better that
            # has more columns to look up by.
            *(
                models.Index("business", "status", *NEWEST_FIRST, name=f"message_{status}", condition=Q(status=status))
                for status in ("accepted", "sent", "failed", "unknown")
            ),
            # Serves: what somebody wrote whose account is deleted.
            models.Index("author", name="message_by_author", condition=Q(author__isnull=False)),
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
                condition=Q(direction__in=["in", "internal"], status="received")
                | Q(direction="out") & ~Q(status="received"),
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

    #: `due_at` of a template while its header's file is not uploaded.
    NOT_UPLOADED = datetime(9000, 1, 1, tzinfo=UTC)

    @classmethod
    def _waiting_with(cls, file: HeaderFile) -> "models.QuerySet[Message]":
        """The templates to be sent with a file."""
        waiting = cls.waiting(file.whatsapp_number_id).filter(type="template")
        pks = [row.pk for row in waiting.only("content") if file.pk in references_in(row.content)]
        return cls.objects.filter(pk__in=pks, status=cls.Status.QUEUED)

    @classmethod
    def needs_file(cls, file: HeaderFile) -> bool:
        return cls._waiting_with(file).exists()

    @classmethod
    def file_uploaded(cls, file: HeaderFile) -> None:
        if cls._waiting_with(file).filter(due_at=cls.NOT_UPLOADED).update(due_at=None):
            deliver.delay_on_commit(cls._meta.label, file.whatsapp_number_id)  # type: ignore[attr-defined]

    @classmethod
    def file_refused(cls, file: HeaderFile, reason: str) -> None:
        cls._waiting_with(file).update(status=cls.Status.FAILED, due_at=None, error_title=reason[:500])

    @classmethod
    @transaction.atomic
    def refused(cls, number: WhatsAppNumber, refusals: Mapping[int, CloudApiError]) -> None:
        """Upload a file anew that Meta does not have any more, and send its template again then."""
        lost = [pk for pk, error in refusals.items() if error.code in header_files.LOST_CODES]
        if not lost:
            return
        waiting_or_failed = [cls.Status.QUEUED, cls.Status.FAILED]
        rows = cls.objects.filter(
            pk__in=lost, type="template", status__in=waiting_or_failed, attempts__lt=header_files.MAX_SENDS
        )
        files = {row.pk: references_in(row.content) for row in rows.only("content")}
        named: set[int] = set().union(*files.values())
        renewed = header_files.renew(number, named) if named else set()
        there = header_files.at_meta(named, number.pk).keys()
        for pk in (pk for pk, ids in files.items() if ids & renewed):
            # What waits is sent in the transaction that settles the upload, which comes after this one.
            due_at = None if files[pk] <= there else cls.NOT_UPLOADED
            cls.objects.filter(pk=pk, status__in=waiting_or_failed).update(
                status=cls.Status.QUEUED, due_at=due_at, error_code=None, error_title=""
            )

    def cloud_api_message(self) -> dict[str, Any]:
        """What is posted to the Cloud API."""
        content = self.content
        if self.type == "template" and (ids := references_in(content)):
            content = with_files(content, header_files.at_meta(ids, self.whatsapp_number_id))
        return {**content, **self.conversation.customer.recipient()}
