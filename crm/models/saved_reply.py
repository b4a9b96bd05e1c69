from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import TenantModel, TenantQuerySet, User

#: Characters of a text message (Cloud API, "Text messages").
MAX_TEXT = 4096


class SavedReplyQuerySet(TenantQuerySet):
    def visible_to(self, user: User) -> Self:
        """Everybody's, and the person's own."""
        return self.filter(Q(owner__isnull=True) | Q(owner=user.pk))


class SavedReply(TenantModel):
    """
    A text that people of a business answer with again and again, found by its shortcut. It is everybody's, or that of
    its owner alone. The text may hold `{{customer.name|default:"…"}}` (crm.customers.interpolation).
    """

    shortcut = models.CharField(
        _("shortcut"),
        max_length=40,
        help_text=_("One word by which it is found: type a slash and this word in the box of a reply."),
    )
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    # Nobody's: everybody's.
    owner = models.ForeignKey(
        "accounts.User",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("whose"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SavedReplyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "saved_replies"
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = ["shortcut", "id"]
        permissions = [("share_savedreply", "Can share canned replies with everybody")]
        constraints = [
            models.UniqueConstraint(
                fields=["business", "shortcut"],
                condition=Q(owner__isnull=True),
                name="saved_reply_shared_once",
                violation_error_message=_("There is a shared reply with this shortcut already."),
            ),
            models.UniqueConstraint(
                fields=["owner", "shortcut"],
                condition=Q(owner__isnull=False),
                name="saved_reply_once_per_person",
                violation_error_message=_("You have a reply with this shortcut already."),
            ),
        ]
        indexes = [
            # Serves: the replies of a business, by their shortcuts.
            models.Index("business", "shortcut", name="saved_reply_by_business"),
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None

    def clean(self) -> None:
        super().clean()
        self.shortcut = self.shortcut.strip().lstrip("/").lower()
        if not self.shortcut or len(self.shortcut.split()) > 1:
            raise ValidationError({"shortcut": _("A shortcut is one word, without spaces.")})
