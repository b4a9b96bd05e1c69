from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import JobRow, Revisioned, TenantModel, TenantQuerySet
from crm.models import Tag
from crm.normalization import fold_tag
from whatsapp.message_templates.usage import Use
from whatsapp.models import MessageTemplate

#: The lists of tags in an audience document (broadcasts.audience).
TAG_LISTS = ("tags_any", "tags_all", "tags_none")


def tag_names(audience: Any) -> list[str]:
    """The names of the tags that an audience document names."""
    lists = [audience.get(key) for key in TAG_LISTS] if isinstance(audience, dict) else []
    return [name for names in lists if isinstance(names, list) for name in names if isinstance(name, str)]


class BroadcastQuerySet(TenantQuerySet):
    def pause(self, reason: str) -> int:
        """Pause those that are sending, with a sentence for people. Returns how many."""
        sending = self.filter(status=Broadcast.Status.SENDING)
        return sending.update(status=Broadcast.Status.PAUSED, paused_reason=reason[:500], stopped_by="")

    def stop(self, by: str, reason: str) -> int:
        """Pause those that are sending or scheduled, since Meta has stopped what they need. Returns how many."""
        under_way = self.filter(status__in=[Broadcast.Status.SENDING, Broadcast.Status.SCHEDULED])
        return under_way.update(status=Broadcast.Status.PAUSED, paused_reason=reason[:500], stopped_by=by)


class Broadcast(JobRow, Revisioned, TenantModel):
    """
    One template to many customers.

        draft → planning → planned → scheduled | sending ⇄ paused → done | cancelled

    A plan is one BroadcastMessage per person; changing a planned broadcast drops it. Started means approved: from then
    on rows are sent by themselves while it is `sending`, or wait while it is `scheduled` or `paused`.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PLANNING = "planning", _("planning")
        PLANNED = "planned", pgettext_lazy("broadcast", "planned")
        SCHEDULED = "scheduled", _("scheduled")
        SENDING = "sending", pgettext_lazy("broadcast", "sending")
        PAUSED = "paused", _("paused")
        DONE = "done", pgettext_lazy("broadcast", "done")
        CANCELLED = "cancelled", _("cancelled")

    class StoppedBy(models.TextChoices):
        """What Meta has stopped, so that it is paused until that may be sent again and a person resumes it."""

        TEMPLATE = "template"
        NUMBER = "number"

    whatsapp_number = models.ForeignKey(
        "whatsapp.WhatsAppNumber", on_delete=models.CASCADE, related_name="broadcasts", verbose_name=_("number")
    )
    name = models.CharField(_("name"), max_length=200)
    template = models.ForeignKey(
        "whatsapp.MessageTemplate", on_delete=models.PROTECT, related_name="+", verbose_name=_("template")
    )
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    audience = models.JSONField(_("audience"), default=dict, blank=True)
    scheduled_at = models.DateTimeField(_("scheduled"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    # Also of a draft whose planning had to stop.
    paused_reason = models.CharField(_("why it is paused"), max_length=500, blank=True)
    stopped_by = models.CharField(
        max_length=10, choices=StoppedBy.choices, blank=True, default="", db_default="", editable=False
    )
    # Planning, the job of these rows, goes through the customers by id; those up to this one have their row.
    planned_up_to = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    # When it last had its turn at the number, which the broadcasts that are sending share.
    claimed_at = models.DateTimeField(null=True, editable=False)

    tenant_parent = "whatsapp_number"

    objects = BroadcastQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        db_table = "broadcasts"
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Serves: a business's broadcasts, newest first.
            models.Index("business", models.F("created_at").desc(), name="broadcast_by_business"),
            # Serves: the broadcasts to plan.
            models.Index("due_at", name="broadcast_to_plan", condition=models.Q(status="planning")),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if not (self.whatsapp_number_id and self.template_id):
            return
        if not self.whatsapp_number.waba_id:
            message = _(
                "“%(number)s” has no WhatsApp Business account ID, and so no templates. Enter it in the number's"
                " settings."
            )
            raise ValidationError({"whatsapp_number": message % {"number": self.whatsapp_number}}, code="no_waba")
        if self.template.waba_id != self.whatsapp_number.waba_id:
            message = _("This template belongs to another WhatsApp Business account than the number.")
            raise ValidationError({"template": message}, code="template_of_other_account")

    def retire(self) -> None:
        """Send no more of it."""
        self.move(self.Status.CANCELLED, since=set(self.Status) - {self.Status.DONE})

    #: Those that are over only show their template.
    OVER = (Status.DONE, Status.CANCELLED)
    #: Those whose people wait for it.
    UNDER_WAY = (Status.SCHEDULED, Status.SENDING, Status.PAUSED)

    @classmethod
    def uses_of_templates(cls, templates: Iterable[MessageTemplate]) -> list[Use]:
        """The broadcasts that still need one of these templates (whatsapp.message_templates.usage)."""
        needing = cls.objects.filter(template__in=templates).exclude(status__in=cls.OVER)
        return [Use(row, row.get_status_display(), holds=row.status in cls.UNDER_WAY) for row in needing]

    @classmethod
    def uses_of_tags(cls, tags: Collection[Tag]) -> list[Use]:
        """The broadcasts that are not over and whose audience names one of these tags of a business."""
        folded_names = {fold_tag(tag.name) for tag in tags}
        rows = cls.objects.for_business(next(iter(tags)).business_id).exclude(status__in=cls.OVER)
        naming = (row for row in rows if not folded_names.isdisjoint(map(fold_tag, tag_names(row.audience))))
        return [Use(row, row.get_status_display()) for row in naming]

    def move(self, to: Status, *, since: Collection[Status], **values: Any) -> bool:
        """
        Change the status, and other `values` with it, if it is one of `since` in the database. Returns whether it was.
        One UPDATE, so that of two at the same moment one moves it. Afterwards this instance is as the database has it.
        """
        if "paused_reason" in values:
            values = {"stopped_by": "", **values}
        moved = Broadcast.objects.filter(pk=self.pk, status__in=since).update(status=to, **values)
        self.refresh_from_db()
        return bool(moved)
