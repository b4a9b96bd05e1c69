from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import ReadOnlyTenantAdmin

from .models import Broadcast, BroadcastMessage


@admin.register(Broadcast)
class BroadcastAdmin(ReadOnlyTenantAdmin):
    list_display = ["name", "whatsapp_number", "template", "status", "paused_reason", "created_at", "recipients"]
    list_filter = ["whatsapp_number", "status"]
    list_select_related = ["whatsapp_number", "template"]
    search_fields = ["name"]
    search_help_text = _("Search by name")
    fields = [
        "name",
        "whatsapp_number",
        "template",
        "status",
        "paused_reason",
        "scheduled_at",
        "created_at",
        "started_at",
        "finished_at",
        "recipients",
    ]

    @admin.display(description=_("recipients"))
    def recipients(self, broadcast):
        url = reverse("admin:broadcasts_broadcastmessage_changelist")
        return format_html('<a href="{}?broadcast__id__exact={}">{}</a>', url, broadcast.pk, _("Show"))


@admin.register(BroadcastMessage)
class BroadcastMessageAdmin(ReadOnlyTenantAdmin):
    list_display = ["customer", "broadcast", "status", "skip_reason", "error_title", "accepted_at"]
    list_filter = ["broadcast", "status"]
    list_select_related = ["broadcast", "customer"]
    search_fields = ["customer__search_text"]
    search_help_text = _("Customer's name or phone")
    fields = [
        "broadcast",
        "customer",
        "status",
        "skip_reason",
        "error_code",
        "error_title",
        "accepted_at",
        "sent_at",
        "delivered_at",
        "read_at",
    ]
