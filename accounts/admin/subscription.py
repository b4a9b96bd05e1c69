from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Subscription
from accounts.tenancy.admin import TenantModelAdmin


@admin.register(Subscription)
class SubscriptionAdmin(TenantModelAdmin):
    """The plan of a business: its owner looks at it, platform administrators change it."""

    list_display = ["business", "plan", "status", "started_at", "ends_at"]
    list_filter = ["plan", "ends_at"]
    search_fields = ["business__name"]
    fields = ["business", "plan", "status", "started_at", "ends_at"]
    readonly_fields = ["business", "status", "started_at"]

    @admin.display(description=_("status"))
    def status(self, subscription: Subscription) -> str | Promise:
        return subscription.status.label

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Subscription | None = None) -> bool:
        return False
