from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import Subscription
from accounts.tenancy.admin import TenantModelAdmin


@admin.register(Subscription)
class SubscriptionAdmin(TenantModelAdmin):
    """The plan of a business: to look at for its owner, to change for platform administrators."""

    list_display = ["business", "plan", "status", "started_at", "ends_at"]
    list_filter = ["plan", "ends_at"]
    search_fields = ["business__name"]
    fields = ["business", "plan", "status", "started_at", "ends_at"]
    readonly_fields = ["business", "status", "started_at"]

    @admin.display(description=_("status"))
    def status(self, subscription):
        return subscription.status.label

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
