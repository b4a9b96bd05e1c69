from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import ReadOnlyTenantAdmin
from accounts.tenancy.list_filters import LinkedFilter
from broadcasts.models import BroadcastMessage
from broadcasts.progress import STATES
from crm.admin.searching import CustomerSearch
from whatsapp.sending.prices import price_text


class StateFilter(LinkedFilter):
    """The states that recipients of broadcasts may have."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(BroadcastMessage)
class BroadcastMessageAdmin(CustomerSearch, ReadOnlyTenantAdmin):
    list_display = ["customer", "identity", "broadcast_link", "status", "reason"]
    list_filter = ["broadcast", StateFilter, "skip_reason"]
    list_select_related = ["broadcast", "customer"]
    search_fields = ["customer__search_text"]
    search_help_text = _("Customer's name or phone")
    extra_lookups = frozenset({"error_code__exact"})
    fields = [
        "broadcast",
        "customer_link",
        "text",
        "status",
        "skip_reason",
        "error_title",
        "created_at",
        "accepted_at",
        "sent_at",
        "delivered_at",
        "read_at",
        "price",
    ]
    empty_text = _("Nobody yet. Whoever receives a broadcast appears here when it is planned.")

    @admin.display(description=_("phone"))
    def identity(self, message: BroadcastMessage) -> str:
        return message.customer.readable_identity

    @admin.display(description=_("broadcast"), ordering="broadcast")
    def broadcast_link(self, message: BroadcastMessage) -> str:
        url = reverse("admin:broadcasts_broadcast_change", args=[message.broadcast_id])
        return format_html('<a href="{}">{}</a>', url, message.broadcast)

    @admin.display(description=_("reason"))
    def reason(self, message: BroadcastMessage) -> str:
        """Why it was skipped or failed."""
        return message.get_skip_reason_display() or Truncator(message.error_title).chars(200)

    @admin.display(description=_("customer"))
    def customer_link(self, message: BroadcastMessage) -> str:
        url = reverse("admin:crm_customer_change", args=[message.customer_id])
        return format_html('<a href="{}">{}</a>', url, message.customer)

    @admin.display(description=_("text"))
    def text(self, message: BroadcastMessage) -> str:
        return message.text

    @admin.display(description=_("price at Meta"))
    def price(self, message: BroadcastMessage) -> str:
        return price_text(message)

    class Media:
        css = {"all": ["broadcasts/broadcast.css"]}
