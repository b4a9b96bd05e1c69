from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantQuerySet


class Deletion(models.Model):
    """
    The deletion of one thing with all that hangs on it, and afterwards its receipt: it stays when the thing is gone.

    waiting → running → done
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")

    business = models.ForeignKey(
        "accounts.Business", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("business")
    )
    what = models.CharField(_("what"), max_length=100, help_text=_("The kind of thing, as app.model."))
    object_id = models.BigIntegerField(_("id"))
    name = models.CharField(_("name"), max_length=300)
    requested_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    requested_by_email = models.EmailField(_("e-mail"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    done = models.PositiveBigIntegerField(_("rows deleted"), default=0)
    total = models.PositiveBigIntegerField(_("rows to delete"), default=0)
    counts = models.JSONField(_("what was deleted"), default=dict)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        db_table = "deletions"
        verbose_name = _("deletion")
        verbose_name_plural = _("deletions")
        ordering = ["-created_at", "-id"]
        # Serves: the list of a business's deletions, newest first.
        indexes = [models.Index("business", models.F("created_at").desc(), name="deletion_by_business")]

    def __str__(self):
        return self.name
