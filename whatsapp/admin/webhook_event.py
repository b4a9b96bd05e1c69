from typing import cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import ReadOnlyTenantAdmin
from accounts.tenancy.list_filters import LinkedFilter
from whatsapp.models import WebhookEvent
from whatsapp.models.webhook_event import WebhookEventQuerySet


class StateFilter(LinkedFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("waiting", gettext("waiting")),
            ("processed", gettext("processed")),
            ("not_acted_on", gettext("not acted on")),
            ("given_up", gettext("given up")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        events = cast(WebhookEventQuerySet, queryset)
        match self.value():
            case "waiting":
                return events.waiting()
            case "processed":
                return events.filter(processed_at__isnull=False, acted_on=True)
            case "not_acted_on":
                return events.filter(processed_at__isnull=False, acted_on=False)
            case "given_up":
                return events.parked()
        return events


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyTenantAdmin):
    empty_text = _("No events yet. Whatever WhatsApp tells about your numbers appears here.")
    list_display = ["received_at", "whatsapp_number", "field", "state", "attempts", "last_error"]
    list_filter = [StateFilter, "whatsapp_number"]
    list_select_related = ["whatsapp_number"]
    fields = ["whatsapp_number", "field", "contents", "received_at", "processed_at", "state", "attempts", "last_error"]

    @admin.display(description=_("state"))
    def state(self, event: WebhookEvent) -> str:
        if event.processed_at:
            return gettext("processed") if event.acted_on else gettext("not acted on")
        return gettext("waiting") if event.due_at else gettext("given up")

    @admin.display(description=_("contents"))
    def contents(self, event: WebhookEvent) -> str:
        value = event.value if isinstance(event.value, dict) else {}
        parts = [
            (gettext("messages"), _length(value.get("messages"))),
            (gettext("statuses"), _length(value.get("statuses"))),
            (gettext("messages from the phone"), _length(value.get("message_echoes"))),
            (gettext("voice calls"), _length(value.get("calls"))),
            (gettext("errors"), _length(value.get("errors"))),
        ]
        return ", ".join(f"{name}: {count}" for name, count in parts if count) or "—"


def _length(value: object) -> int:
    """How many elements Meta sent, if it is a list as it should be."""
    return len(value) if isinstance(value, list) else 0
