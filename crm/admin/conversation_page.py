"""The page of one conversation: its thread, which updates by itself, a reply box, and buttons."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.live_page import Button, LivePage, labels
from accounts.tenancy.scope import signed_in
from crm.conversations import conversations, outbox, thread
from crm.conversations.tasks import show_typing
from crm.media import response
from crm.models import Conversation, Message
from whatsapp.sending import ledger

from .composer import Composer, composer_context, why_not


class ConversationPage(LivePage[Conversation]):
    """The page of a conversation, on which people read and answer."""

    template = "admin/crm/conversation/page.html"
    live_template = "admin/crm/conversation/live.html"
    related = ("customer", "whatsapp_number__business__subscription")
    verbs = {
        "assign_to_me": Button(_("Assign to me"), lambda conversation, user: conversations.assign(conversation, user)),
        "unassign": Button(_("Unassign"), lambda conversation, user: conversations.assign(conversation, None)),
        "pause_bot": Button(_("Pause the bot"), lambda conversation, user: conversations.pause_bot(conversation)),
        "resume_bot": Button(_("Resume the bot"), lambda conversation, user: conversations.resume_bot(conversation)),
        "silence_bot": Button(
            _("Keep the bot silent"), lambda conversation, user: conversations.pause_bot_until(conversation, None)
        ),
        "close": Button(_("Close"), lambda conversation, user: conversations.close(conversation)),
        "reopen": Button(_("Reopen"), lambda conversation, user: conversations.reopen(conversation)),
    }
    decisions = {
        "count_as_sent": Button(_("Count as sent"), lambda message, user: ledger.count_as_sent(message)),
        "send_again": Button(_("Send again, it may arrive twice"), lambda message, user: outbox.send_again(message)),
    }

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        super().__init__(model_admin)
        self.composer = Composer(self)

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view
        return [
            *super().urls(),
            path("<int:pk>/media/<int:message_pk>/", view(self.media_view), name="crm_conversation_media"),
            path("<int:pk>/typing/", view(require_POST(self.typing_view)), name="crm_conversation_typing"),
            *self.composer.urls(),
        ]

    # What it shows

    def page_context(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        return {
            "title": str(row.customer),
            **composer_context(request, row),
            "deals": row.customer.deals.select_related("stage")[:20],
        }

    def live_context(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        before = request.GET.get("before", "")
        may_change = self.model_admin.has_change_permission(request, row)
        if may_change and not before:
            conversations.mark_read(row)
        return {
            "conversation": row,
            "page": thread.page(row, before),
            "is_newest": not before,
            "why_not": why_not(row) if may_change else _("Your role does not allow replying."),
            "buttons": labels(self.verbs, _buttons(row, signed_in(request))) if may_change else [],
            "decisions": labels(self.decisions) if may_change else [],
            "page_url": reverse("admin:crm_conversation_change", args=[row.pk]),
        }

    def messages_of(self, row: Conversation) -> QuerySet[Message]:
        return row.messages.all()

    # What it answers

    def reply_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The page; POST writes something."""
        if request.method == "POST":
            return self.composer.reply_view(request, pk)
        return self.show(request, self.row(request, pk))

    def typing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Somebody writes an answer, so the customer may see that."""
        conversation = self.row(request, pk, may_change=True)
        if request.POST.get("to") != "colleagues":
            show_typing.delay_on_commit(conversation.pk)  # type: ignore[attr-defined]
        return HttpResponse(status=204)

    @method_decorator(require_GET)
    def media_view(self, request: HttpRequest, pk: int, message_pk: int) -> HttpResponseBase:
        """The file of a message."""
        conversation = self.row(request, pk)
        message = get_object_or_404(conversation.messages.select_related("media_file"), pk=message_pk)
        return response.response(request, message.media)


def _buttons(conversation: Conversation, user: User) -> list[str]:
    return [
        "unassign" if conversation.assignee_id == user.pk else "assign_to_me",
        "resume_bot" if conversation.is_bot_paused else "pause_bot",
        *(["silence_bot"] if conversation.pause_ends_at else []),
        "reopen" if conversation.status == Conversation.Status.CLOSED else "close",
    ]
