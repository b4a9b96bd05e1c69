from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.formats import time_format
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.list_filters import LinkedFilter
from crm.conversations.message_texts import shown_text
from crm.models import Conversation, Message
from crm.models.conversation import bot_is_paused

from .conversation_exports import ExportsPage
from .conversation_page import ConversationPage
from .searching import CustomerSearch
from .trial_message import TrialMessage


class UnreadFilter(LinkedFilter):
    title = _("unread")
    parameter_name = "with_unread"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", gettext("With unread messages"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        return queryset.filter(unread__gt=0) if self.value() else queryset


class BotPausedFilter(LinkedFilter):
    title = _("bot paused")
    parameter_name = "with_bot_paused"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", gettext("Yes")), ("no", gettext("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        match self.value():
            case "yes":
                return queryset.filter(bot_is_paused())
            case "no":
                return queryset.exclude(bot_is_paused())
        return queryset


@admin.register(Conversation)
class ConversationAdmin(CustomerSearch, TrialMessage):
    """The list of conversations. Each has a page of its own (ConversationPage)."""

    list_display = [
        "customer",
        "unread_messages",
        "last_message",
        "whatsapp_number",
        "window",
        "assignee",
        "status",
        "last_message_at",
    ]
    list_filter = ["status", UnreadFilter, "whatsapp_number", "assignee", BotPausedFilter]
    list_select_related = ["customer", "whatsapp_number", "assignee"]
    search_fields = ["customer__search_text"]
    search_help_text = _("Name or phone of the customer")
    extra_lookups = frozenset({"customer__id__exact"})
    empty_text = _("No conversations yet. One begins when a customer writes to one of your numbers.")

    def __init__(self, model: type[Conversation], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.page = ConversationPage(self)
        self.exports_page = ExportsPage(self)

    def get_urls(self) -> list[URLPattern]:
        return [*self.page.urls(), *self.exports_page.urls(), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.page.reply_view(request, object_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        said = Message.objects.filter(conversation=OuterRef("pk")).exclude(direction=Message.Direction.INTERNAL)
        latest = said.order_by("-timestamp", "-pk")
        last = {f"last_{name}": Subquery(latest.values(name)[:1]) for name in ("type", "text", "content")}
        return super().get_queryset(request).annotate(**last)

    @admin.display(description=_("last message"))
    def last_message(self, conversation: Any) -> str:
        if conversation.last_type is None:
            return ""
        text = shown_text(conversation.last_type, conversation.last_text, conversation.last_content)
        return Truncator(text).chars(60)

    @admin.display(description=_("unread"), ordering="unread", empty_value="")
    def unread_messages(self, conversation: Conversation) -> str | None:
        count = conversation.unread
        return ngettext("%(count)d new", "%(count)d new", count) % {"count": count} if count else None

    @admin.display(description=_("24-hour window"), ordering="last_inbound_at")
    def window(self, conversation: Conversation) -> str:
        if not conversation.window_open:
            return pgettext("24-hour window", "closed")
        return gettext("open until %(time)s") % {"time": time_format(localtime(conversation.window_closes_at))}
