from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.plans import PLANS

from .tenant import TenantQuerySet


class Subscription(models.Model):
    """The plan a business is on and until when. What a plan allows is in plans.py."""

    class Status(models.TextChoices):
        TRIAL = "trial", _("trial")
        ACTIVE = "active", pgettext_lazy("subscription", "active")
        EXPIRED = "expired", _("expired")
        SUSPENDED = "suspended", _("suspended")

    business = models.OneToOneField(
        "accounts.Business", on_delete=models.CASCADE, related_name="subscription", verbose_name=_("business")
    )
    plan = models.CharField(_("plan"), max_length=20, choices=[(plan.key, plan.name) for plan in PLANS.values()])
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True, help_text=_("Empty: the plan has no end."))

    objects = TenantQuerySet.as_manager()

    class Meta:
        db_table = "subscriptions"
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return f"{self.business}: {self.get_plan_display()}"

    def locked(self) -> "Subscription":
        """The row as it is now, locked until the transaction ends."""
        return Subscription.objects.select_for_update().get(pk=self.pk)

    @property
    def status(self) -> Status:
        if self.business.is_suspended:
            return self.Status.SUSPENDED
        if self.ends_at and self.ends_at <= timezone.now():
            return self.Status.EXPIRED
        return self.Status.TRIAL if self.plan == "trial" else self.Status.ACTIVE
