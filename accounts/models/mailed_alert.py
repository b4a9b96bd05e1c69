from django.db import models
from django.utils.translation import gettext_lazy as _

from .tenant import TenantModel


class MailedAlert(TenantModel):
    """That a person was written to about something that needs them, so that they are not written to about it again."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    # What it was about, by the words of whoever sends: for example `wait:12:2026-11-30T10:15:00+00:00`.
    subject = models.CharField(max_length=120)
    mailed_at = models.DateTimeField(_("mailed"), auto_now_add=True)

    class Meta:
        db_table = "mailed_alerts"
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [
            # Serves: those of a business, when it is deleted.
            models.Index("business", name="mailed_alert_business"),
            # Serves: those that are old.
            models.Index("mailed_at", name="mailed_alert_age"),
        ]
        # Its index serves: whether a person knows of something, and those of a person who is deleted.
        constraints = [models.UniqueConstraint(fields=["user", "subject"], name="alert_mailed_once")]

    def __str__(self) -> str:
        return self.subject
