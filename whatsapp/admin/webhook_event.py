from typing import Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import ReadOnlyTenantAdmin
from accounts.tenancy.list_filters import LinkedFilter
from whatsapp.models import WebhookEvent


class StateFilter(LinkedFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("waiting", _("waiting")), ("processed", _("processed")), ("given_up", _("given up"))]

    def queryset(self, request, queryset):
        match self.value():
            case "waiting":
                return queryset.waiting()
            case "processed":
                return queryset.filter(processed_at__isnull=False)
            case "given_up":
                return queryset.parked()
        return queryset


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyTenantAdmin):
    list_display = ["received_at", "whatsapp_number", "field", "state", "attempts", "last_error"]
    list_filter = [StateFilter, "whatsapp_number"]
    list_select_related = ["whatsapp_number"]
    fields = ["whatsapp_number", "field", "contents", "received_at", "processed_at", "state", "attempts", "last_error"]

    @admin.display(description=_("state"))
    def state(self, event):
        if event.processed_at:
            return gettext("processed")
        return gettext("waiting") if event.due_at else gettext("given up")

    @admin.display(description=_("contents"))
    def contents(self, event):
        value = event.value if isinstance(event.value, dict) else {}
        parts = [
            (gettext("messages"), _length(value.get("messages"))),
            (gettext("statuses"), _length(value.get("statuses"))),
            (gettext("errors"), _length(value.get("errors"))),
        ]
        return ", ".join(f"{name}: {count}" for name, count in parts if count) or "—"


def _length(value: Any) -> int:
    """How many elements Meta sent, if it is a list as it should be."""
    return len(value) if isinstance(value, list) else 0
