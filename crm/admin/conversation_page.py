"""The page of one conversation: its thread, which updates by itself, a reply box, and buttons."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.refusals import Refusal
from accounts.tenancy.idempotent_form import IdempotentForm
from accounts.tenancy.live_page import Button, LivePage, labels
from accounts.tenancy.scope import signed_in
from crm.conversations import conversations, outbox, thread
from crm.conversations.tasks import show_typing
from crm.media import response
from crm.models import Conversation, Message
from whatsapp.graph.media_types import EXTENSIONS
from whatsapp.models import WhatsAppNumber
from whatsapp.sending import ledger

from .template_form import chosen_form, template_choices


class ReplyForm(IdempotentForm):
    text = forms.CharField(
        label=_("Reply"),
        max_length=outbox.MAX_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    file = forms.FileField(
        label=_("Photo or file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ",".join(EXTENSIONS)}),
        help_text=_("It goes out with your text as its caption."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or {}
        if not (cleaned_data.get("text") or cleaned_data.get("file") or self.errors):
            self.add_error("text", forms.ValidationError(_("Write something, or choose a file."), code="required"))
        return cleaned_data


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

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view
        return [
            *super().urls(),
            path("<int:pk>/media/<int:message_pk>/", view(self.media_view), name="crm_conversation_media"),
            path("<int:pk>/typing/", view(require_POST(self.typing_view)), name="crm_conversation_typing"),
            path("<int:pk>/template/", view(self.template_view), name="crm_conversation_template"),
        ]

    # What it shows

    def page_context(self, request: HttpRequest, row: Conversation) -> dict[str, Any]:
        return {
            "title": str(row.customer),
            "form": ReplyForm(),
            "template_form": None,
            "templates": template_choices(row.whatsapp_number),
            "why_no_template": _why_not(row, "template"),
            "shows_typing": row.whatsapp_number.read_receipts != WhatsAppNumber.ReadReceipts.NEVER,
            "customer": row.customer,
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
            "why_not": _why_not(row) if may_change else _("Your role does not allow replying."),
            "buttons": labels(self.verbs, _buttons(row, signed_in(request))) if may_change else [],
            "decisions": labels(self.decisions) if may_change else [],
            "page_url": reverse("admin:crm_conversation_change", args=[row.pk]),
        }

    def messages_of(self, row: Conversation) -> QuerySet[Message]:
        return row.messages.all()

    # What it answers

    def reply_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The page; POST sends a text or a file."""
        conversation = self.row(request, pk)
        if request.method != "POST":
            return self.show(request, conversation)
        form = ReplyForm(request.POST, request.FILES)
        if form.is_valid():
            text, upload = form.cleaned_data["text"], form.cleaned_data["file"]
            if self._write(request, conversation, form, text=text, upload=upload):
                return self.back(conversation)
        return self.show(request, conversation, form=form)

    def template_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET `?template=` chooses a template; POST sends it, or with `preview` shows it as it is filled in so far."""
        conversation = self.row(request, pk, may_change=True)
        page = reverse("admin:crm_conversation_change", args=[pk])
        if request.method != "POST" and not request.GET.get("template"):
            return redirect(f"{page}#template")
        form = chosen_form(request, conversation.whatsapp_number)
        if form is None:
            messages.error(request, gettext("This template is no longer approved. Choose another one."))
            return redirect(f"{page}#template")
        wants_to_send = request.method == "POST" and "preview" not in request.POST
        if wants_to_send and form.is_valid():
            values = {"template": form.template, "parameters": form.parameters, "upload": form.upload}
            if self._write(request, conversation, form, **values):
                return redirect(page)
        return self.show(request, conversation, template_form=form)

    def typing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Somebody writes an answer, so the customer may see that."""
        show_typing.delay_on_commit(self.row(request, pk, may_change=True).pk)  # type: ignore[attr-defined]
        return HttpResponse(status=204)

    @method_decorator(require_GET)
    def media_view(self, request: HttpRequest, pk: int, message_pk: int) -> HttpResponseBase:
        """The file of a message."""
        conversation = self.row(request, pk)
        message = get_object_or_404(conversation.messages.select_related("media_file"), pk=message_pk)
        return response.response(request, message.media)

    def _write(self, request: HttpRequest, conversation: Conversation, form: IdempotentForm, **values: Any) -> bool:
        """Send what a form says, once. Returns False, with the reason on the page, when it is refused."""
        user = signed_in(request)
        if not (self.model_admin.has_change_permission(request, conversation) and user.has_perm("crm.add_message")):
            raise PermissionDenied
        try:
            with transaction.atomic():
                if form.is_first(user):
                    outbox.write(conversation, user, origin=Message.Origin.PERSON, **values)
        except Refusal as refusal:
            self.refuse(request, refusal)
            return False
        except ValidationError as error:
            form.add_error(None, error.messages)
            return False
        return True


def _buttons(conversation: Conversation, user: User) -> list[str]:
    return [
        "unassign" if conversation.assignee_id == user.pk else "assign_to_me",
        "resume_bot" if conversation.is_bot_paused else "pause_bot",
        *(["silence_bot"] if conversation.pause_ends_at else []),
        "reopen" if conversation.status == Conversation.Status.CLOSED else "close",
    ]


def _why_not(conversation: Conversation, message_type: str = "text") -> str:
    """The sentence that says why no message of this type may be sent now; empty when one may."""
    try:
        outbox.check_may_be_sent(conversation, message_type)
    except Refusal as refusal:
        return str(refusal)
    return ""
