from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import ReadOnlyTenantAdmin
from crm.models import Message
from whatsapp.sending.prices import price_text


@admin.register(Message)
class MessageAdmin(ReadOnlyTenantAdmin):
    list_display = ["timestamp", "customer_link", "origin", "short_text", "status", "error_title", "whatsapp_number"]
    list_display_links = ["timestamp"]
    list_filter = ["direction", "status", "origin", "whatsapp_number"]
    list_select_related = ["conversation__customer", "whatsapp_number"]
    extra_lookups = frozenset({"conversation__id__exact"})
    fields = [
        "customer_link",
        "whatsapp_number",
        "direction",
        "origin",
        "author",
        "type",
        "text",
        "file_link",
        "timestamp",
        "status",
        "error_title",
        "accepted_at",
        "sent_at",
        "delivered_at",
        "read_at",
        "price",
        "wamid",
    ]
    empty_text = _("No messages yet. They appear here when customers write, or when you answer.")

    @admin.display(description=_("conversation"))
    def customer_link(self, message: Message) -> str:
        url = reverse("admin:crm_conversation_change", args=[message.conversation_id])
        return format_html('<a href="{}">{}</a>', url, message.conversation.customer)

    @admin.display(description=_("file"))
    def file_link(self, message: Message) -> str | None:
        if not (message.media and message.media.is_stored):
            return None
        url = reverse("admin:crm_conversation_media", args=[message.conversation_id, message.pk])
        return format_html('<a href="{}">{}</a>', url, message.media.download_name)

    @admin.display(description=_("price at Meta"))
    def price(self, message: Message) -> str:
        return price_text(message)

    @admin.display(description=_("text"))
    def short_text(self, message: Message) -> str:
        return Truncator(message.text).chars(80)
