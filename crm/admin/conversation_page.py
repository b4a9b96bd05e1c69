"""The page of one conversation: its thread, which updates by itself, a reply box, and buttons."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import conditional_page, require_GET, require_POST

from accounts.models import User
from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.single_submit import OnceForm
from crm.conversations import conversations, outbox, thread
from crm.media import response
from crm.models import Conversation, Message
from whatsapp.graph.media_types import EXTENSIONS
from whatsapp.sending import ledger

from .template_form import TemplateForm, template_choices

#: The buttons: name → what it is called, and what it does with the conversation for the person who pressed it.
VERBS = {
    "assign_to_me": (_("Assign to me"), lambda conversation, user: conversations.assign(conversation, user)),
    "unassign": (_("Unassign"), lambda conversation, user: conversations.assign(conversation, None)),
    "pause_bot": (_("Pause the bot"), lambda conversation, user: conversations.pause_bot(conversation)),
    "resume_bot": (_("Resume the bot"), lambda conversation, user: conversations.resume_bot(conversation)),
    "close": (_("Close"), lambda conversation, user: conversations.close(conversation)),
    "reopen": (_("Reopen"), lambda conversation, user: conversations.reopen(conversation)),
}


#: What a person may decide about a message of which it is unknown whether it went out.
DECISIONS = {
    "count_as_sent": (_("Count as sent"), ledger.count_as_sent),
    "send_again": (_("Send again, it may arrive twice"), outbox.send_again),
}


class ReplyForm(OnceForm):
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


class ConversationPage(TenantModelAdmin):
    """The conversation's change page, for its ModelAdmin."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/live/", view(self.live_view), name="crm_conversation_live"),
            path("<int:pk>/act/", view(self.act_view), name="crm_conversation_act"),
            path("<int:pk>/decide/<int:message_pk>/", view(self.decide_view), name="crm_conversation_decide"),
            path("<int:pk>/media/<int:message_pk>/", view(self.media_view), name="crm_conversation_media"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        conversation = self._conversation(request, object_id)
        if request.method == "POST":
            form = ReplyForm(request.POST, request.FILES)
            if form.is_valid() and self._write(
                request, conversation, form, text=form.cleaned_data["text"], upload=form.cleaned_data["file"]
            ):
                return redirect("admin:crm_conversation_change", conversation.pk)
        else:
            form = ReplyForm()
        return self._show(request, conversation, form=form, **(extra_context or {}))

    def _show(
        self,
        request: HttpRequest,
        conversation: Conversation,
        template_form: TemplateForm | None = None,
        **extra_context: Any,
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            **self._live_context(request, conversation),
            "template_form": template_form,
            "templates": template_choices(conversation.whatsapp_number),
            "why_no_template": _why_not(conversation, "template"),
            "title": str(conversation.customer),
            "opts": self.opts,
            "media": self.media,
            "form": ReplyForm(),
            "customer": conversation.customer,
            "may_change": self.has_change_permission(request, conversation),
            "may_delete": self.has_delete_permission(request, conversation),
            "deals": conversation.customer.deals.select_related("stage")[:20],
            **extra_context,
        }
        return TemplateResponse(request, "admin/crm/conversation/page.html", context)

    @method_decorator([require_GET, conditional_page])
    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What changes by itself, as a fragment of HTML; 304 while nothing did."""
        conversation = self._conversation(request, pk)
        context = self._live_context(request, conversation)
        return render(request, "admin/crm/conversation/live.html", context)

    @method_decorator(require_GET)
    def media_view(self, request: HttpRequest, pk: int, message_pk: int) -> HttpResponseBase:
        """The file of a message."""
        conversation = self._conversation(request, pk)
        message = get_object_or_404(conversation.messages.select_related("media_file"), pk=message_pk)
        return response.response(request, message.media)

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A button: one of VERBS."""
        conversation = self._conversation(request, pk, may_change=True)
        verb = request.POST.get("verb")
        if verb not in VERBS:
            raise Http404
        label, do = VERBS[verb]
        do(conversation, request.user)
        self.log_change(request, conversation, str(label))
        return redirect("admin:crm_conversation_change", conversation.pk)

    @method_decorator(require_POST)
    def decide_view(self, request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
        """A button on a message of unknown fate: one of DECISIONS."""
        conversation = self._conversation(request, pk, may_change=True)
        message = get_object_or_404(conversation.messages, pk=message_pk)
        decision = request.POST.get("decision")
        if decision not in DECISIONS:
            raise Http404
        label, decide = DECISIONS[decision]
        try:
            decide(message)
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            self.log_change(request, conversation, f"{label}: {message}")
        return redirect("admin:crm_conversation_change", conversation.pk)

    def _conversation(self, request: HttpRequest, pk: int | str, may_change: bool = False) -> Conversation:
        related = ("customer", "whatsapp_number__business__subscription")
        return self.row_or_404(request, self.get_queryset(request).select_related(*related), pk, may_change)

    def _live_context(self, request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
        before = request.GET.get("before", "")
        may_change = self.has_change_permission(request, conversation)
        if may_change and not before:
            conversations.mark_read(conversation)
        return {
            "conversation": conversation,
            "page": thread.page(conversation, before),
            "is_newest": not before,
            "why_not": _why_not(conversation) if may_change else _("Your role does not allow replying."),
            "buttons": self._buttons(request, conversation) if may_change else [],
            "decisions": [(name, label) for name, (label, _decide) in DECISIONS.items()] if may_change else [],
            "page_url": reverse("admin:crm_conversation_change", args=[conversation.pk]),
        }

    def _buttons(self, request: HttpRequest, conversation: Conversation) -> list[tuple[str, str]]:
        mine = conversation.assignee_id == request.user.pk
        names = [
            "unassign" if mine else "assign_to_me",
            "resume_bot" if conversation.bot_paused else "pause_bot",
            "reopen" if conversation.status == Conversation.Status.CLOSED else "close",
        ]
        return [(name, str(VERBS[name][0])) for name in names]

    def _write(self, request: HttpRequest, conversation: Conversation, form: OnceForm, **values: Any) -> bool:
        """Send what a form says, once. Returns False, with the reason on the page, when it is refused."""
        if not (self.has_change_permission(request, conversation) and request.user.has_perm("crm.add_message")):
            raise PermissionDenied
        try:
            with transaction.atomic():
                if form.is_first(request.user):
                    outbox.write(conversation, cast(User, request.user), origin=Message.Origin.PERSON, **values)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return False
        except ValidationError as error:
            form.add_error(None, error.messages)
            return False
        return True


def _why_not(conversation: Conversation, message_type: str = "text") -> str:
    """The sentence that says why no message of this type may be sent now; empty when one may."""
    try:
        outbox.check_may_be_sent(conversation, message_type)
    except Refusal as refusal:
        return str(refusal)
    return ""
