"""One conversation in the inbox: its thread, which updates by itself, a reply box, and buttons."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.live_page import Button, LivePage, labels, sentence_of
from accounts.tenancy.scope import signed_in
from crm.conversations import outbox, reads, thread
from crm.conversations.tasks import show_typing
from crm.inbox import bot_knowledge, presence, reasons, snoozing
from crm.media import response
from crm.models import Conversation, Customer, Message
from crm.models.customer import attribute_text
from whatsapp.models import WhatsAppNumber
from whatsapp.sending import ledger

from .composer import Composer, composer_context, why_not
from .inbox import Inbox
from .inbox.actions import VERBS, Pressed, buttons, is_fetch
from .inbox.customer_panel import CustomerPanel
from .inbox.parameters import choice_of, people_of, query_of

#: Other conversations of the customer that the panel names.
MAX_OTHERS = 10


class ConversationPage(LivePage[Conversation]):
    """What the inbox shows of one conversation, on which people read and answer."""

    template = "admin/crm/inbox/page.html"
    live_template = "admin/crm/conversation/live.html"
    related = ("customer", "assignee", "whatsapp_number__business__subscription")
    verbs = VERBS
    decisions = {
        "count_as_sent": Button(_("Count as sent"), lambda message, user: ledger.count_as_sent(message)),
        "send_again": Button(_("Send again, it may arrive twice"), lambda message, user: outbox.send_again(message)),
        "try_again": Button(_("Try again"), lambda message, user: outbox.try_again(message)),
    }

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        super().__init__(model_admin)
        self.composer = Composer(self)
        self.inbox = Inbox(self)
        self.customer_panel = CustomerPanel(self)

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view
        return [
            *self.inbox.urls(),
            *self.customer_panel.urls(),
            *super().urls(),
            path("<int:pk>/media/<int:message_pk>/", view(self.media_view), name="crm_conversation_media"),
            path("<int:pk>/typing/", view(require_POST(self.typing_view)), name="crm_conversation_typing"),
            *self.composer.urls(),
        ]

    def check_may_view(self, request: HttpRequest) -> None:
        """Raises PermissionDenied for people who may see no conversations."""
        if not self.model_admin.has_view_or_change_permission(request):
            raise PermissionDenied

    # What it shows

    def page_context(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        return {**self.inbox.context(request, row), **self._around_thread(request, row)}

    def pane_context(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        """What stands in the panes of thread and customer."""
        query = query_of(choice_of(request.GET))
        return {**self.live_context(request, row), **self._around_thread(request, row), "query": query}

    def _around_thread(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        customer = row.customer
        return {
            "title": str(customer),
            **composer_context(request, row),
            "attributes": [(name, attribute_text(value)) for name, value in _attributes(customer).items()],
            "others": customer.conversations.exclude(pk=row.pk).select_related("whatsapp_number")[:MAX_OTHERS],
            "received": thread.received(row, MAX_OTHERS),
            "known": bot_knowledge.known(row),
            "may_change": self.model_admin.has_change_permission(request, row),
            "may_delete": self.model_admin.has_delete_permission(request, row),
            "may_change_customer": signed_in(request).has_perm("crm.change_customer"),
        }

    def live_context(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        before = _before(request)
        user = signed_in(request)
        may_change = self.model_admin.has_change_permission(request, row)
        shown = thread.page(row, before)
        reasons.explain(row, shown.entries)
        return {
            "conversation": row,
            "page": shown,
            "is_newest": not before,
            "why_not": why_not(row) if may_change else _("Your role does not allow replying."),
            "buttons": labels(self.verbs, buttons(row, user)) if may_change else [],
            "may_change": may_change,
            "decisions": labels(self.decisions, ["count_as_sent", "send_again"]) if may_change else [],
            "colleagues": presence.at(presence.colleagues_of(user), row.pk),
            "people": people_of(row.business_id) if may_change else [],
            "snooze_choices": [(name, until.label) for name, until in snoozing.CHOICES.items()],
            "is_mine": row.assignee_id == user.pk,
            "page_url": reverse("admin:crm_inbox_conversation", args=[row.pk]),
        }

    def messages_of(self, row: Conversation) -> QuerySet[Message]:
        return row.messages.all()

    def note_read(self, request: HttpRequest, row: Conversation) -> None:
        """Whoever opens a page that shows the newest messages has read them."""
        if not _before(request) and self.model_admin.has_change_permission(request, row):
            reads.read(row, signed_in(request))

    def press(self, request: HttpRequest, button: Button, row: Conversation) -> None:
        button.press(row, Pressed(signed_in(request), request.POST))

    def done(self, request: HttpRequest, row: Conversation) -> HttpResponse:
        return JsonResponse({"done": True}) if is_fetch(request) else self.back(row)

    def refused(self, request: HttpRequest, row: Conversation, refusal: Refusal | ValidationError) -> HttpResponse:
        if is_fetch(request):
            return JsonResponse({"problem": sentence_of(refusal)}, status=409)
        return super().refused(request, row, refusal)

    # What it answers

    def reply_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The page; POST writes something."""
        if request.method == "POST":
            return self.composer.reply_view(request, pk)
        conversation = self.row(request, pk)
        self.note_read(request, conversation)
        return self.show(request, conversation)

    def typing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Somebody writes: colleagues may see that, and the customer unless it is `to` colleagues."""
        number = self.row(request, pk, may_change=True).whatsapp_number
        presence.write(signed_in(request), pk)
        if request.POST.get("to") != "colleagues" and number.read_receipts != WhatsAppNumber.ReadReceipts.NEVER:
            show_typing.delay_on_commit(pk)  # type: ignore[attr-defined]
        return HttpResponse(status=204)

    @method_decorator(require_GET)
    def media_view(self, request: HttpRequest, pk: int, message_pk: int) -> HttpResponseBase:
        """The file of a message."""
        conversation = self.row(request, pk)
        message = get_object_or_404(conversation.messages.select_related("media_file"), pk=message_pk)
        return response.response(request, message.media)


def _before(request: HttpRequest) -> str:
    """The cursor of the messages that are asked for: as an earlier page gave it, or of the end of a day."""
    try:
        return thread.cursor_after(date.fromisoformat(request.GET["date"]))
    except (KeyError, ValueError, OverflowError):
        return request.GET.get("before", "")


def _attributes(customer: Customer) -> dict[str, Any]:
    return customer.attributes if isinstance(customer.attributes, dict) else {}
