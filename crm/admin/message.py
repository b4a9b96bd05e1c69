from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator, format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import ReadOnlyTenantAdmin
from crm.conversations.details import details_of
from crm.conversations.message_texts import shown_text, type_text
from crm.conversations.quotes import quoted_by
from crm.conversations.thread import media_of_templates
from crm.models import Message
from crm.search.messages import MAX_FOUND
from whatsapp.sending.prices import price_text

from .searching import WordSearch


@admin.register(Message)
class MessageAdmin(WordSearch, ReadOnlyTenantAdmin):
    list_display = ["timestamp", "customer_link", "origin", "short_text", "status", "error_title", "whatsapp_number"]
    list_display_links = ["timestamp"]
    list_filter = ["direction", "status", "origin", "whatsapp_number"]
    list_select_related = ["conversation__customer", "whatsapp_number"]
    search_help_text = format_lazy(_("Words of a message, in any form; the newest {count} are found"), count=MAX_FOUND)
    extra_lookups = frozenset({"conversation__id__exact"})
    fields = [
        "customer_link",
        "whatsapp_number",
        "direction",
        "origin",
        "author",
        "type_name",
        "text",
        "quoted_text",
        "details",
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

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Message | None:
        """The message, to be shown: with a phrase where it has no words."""
        message = super().get_object(request, object_id, from_field)
        if message:
            message.text = shown_text(message.type, message.text, message.content)
        return message

    @admin.display(description=_("type"))
    def type_name(self, message: Message) -> str:
        return type_text(message.type)

    @admin.display(description=_("conversation"))
    def customer_link(self, message: Message) -> str:
        url = reverse("admin:crm_conversation_change", args=[message.conversation_id])
        return format_html('<a href="{}">{}</a>', url, message.conversation.customer)

    @admin.display(description=_("file"))
    def file_link(self, message: Message) -> str:
        if not (message.media and message.media.is_stored):
            named = media_of_templates([message], message.whatsapp_number_id)
            return named.get(message.pk) or str(self.get_empty_value_display())
        url = reverse("admin:crm_conversation_media", args=[message.conversation_id, message.pk])
        return format_html('<a href="{}">{}</a>', url, message.media.download_name)

    @admin.display(description=_("price at Meta"))
    def price(self, message: Message) -> str:
        return price_text(message) or str(self.get_empty_value_display())

    @admin.display(description=_("text"))
    def short_text(self, message: Message) -> str:
        return Truncator(shown_text(message.type, message.text, message.content)).chars(80)

    @admin.display(description=_("in answer to"))
    def quoted_text(self, message: Message) -> str:
        key = (message.whatsapp_number_id, message.context_wamid)
        quoted = quoted_by([key]).get(key)
        return quoted.text if quoted else str(self.get_empty_value_display())

    @admin.display(description=_("details"))
    def details(self, message: Message) -> str:
        details = details_of(message.type, message.content)
        shown = render_to_string("admin/crm/message/details.html", {"details": details}) if details else ""
        return shown if shown.strip() else str(self.get_empty_value_display())
