"""One conversation in the inbox: its thread, which updates by itself, a reply box, and buttons."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.idempotent_form import IdempotentForm
from accounts.tenancy.live_page import Button, LivePage, labels, sentence_of
from accounts.tenancy.scope import signed_in
from crm.conversations import outbox, reads, thread
from crm.conversations.tasks import show_typing
from crm.inbox import bot_knowledge, presence, reasons, snoozing
from crm.media import response
from crm.models import Conversation, Customer, Message
from crm.models.customer import attribute_text
from whatsapp.graph.media_types import EXTENSIONS
from whatsapp.models import WhatsAppNumber
from whatsapp.sending import ledger

from .inbox import Inbox
from .inbox.actions import VERBS, Pressed, buttons, is_fetch
from .inbox.customer_panel import CustomerPanel
from .inbox.parameters import choice_of, people_of, query_of
from .template_form import chosen_form, template_choices

#: Other conversations of the customer that the panel names.
MAX_OTHERS = 10


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
            path("<int:pk>/template/", view(self.template_view), name="crm_conversation_template"),
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
            "form": ReplyForm(),
            "template_form": None,
            "templates": template_choices(row.whatsapp_number),
            "why_no_template": _why_not(row, "template"),
            "shows_typing": row.whatsapp_number.read_receipts != WhatsAppNumber.ReadReceipts.NEVER,
            "customer": customer,
            "attributes": [(name, attribute_text(value)) for name, value in _attributes(customer).items()],
            "others": customer.conversations.exclude(pk=row.pk).select_related("whatsapp_number")[:MAX_OTHERS],
            "received": thread.received(row, MAX_OTHERS),
            "known": bot_knowledge.known(row),
            "deals": customer.deals.select_related("stage")[:20],
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
            "why_not": _why_not(row) if may_change else _("Your role does not allow replying."),
            "buttons": labels(self.verbs, buttons(row, user)) if may_change else [],
            "may_change": may_change,
            "decisions": labels(self.decisions, ["count_as_sent", "send_again"]) if may_change else [],
            "colleagues": presence.at(presence.colleagues_of(user), row.pk),
            "people": people_of(user) if may_change else [],
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
        """The page; POST sends a text or a file."""
        conversation = self.row(request, pk)
        if request.method != "POST":
            self.note_read(request, conversation)
            return self.show(request, conversation)
        form = ReplyForm(request.POST, request.FILES)
        if form.is_valid():
            text, upload = form.cleaned_data["text"], form.cleaned_data["file"]
            if self._write(request, conversation, form, text=text, upload=upload):
                return self.done(request, conversation)
        if is_fetch(request):
            problems = [str(problem) for errors in form.errors.values() for problem in errors]
            return JsonResponse({"problem": " ".join(problems)}, status=400)
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
        """Somebody writes an answer, so colleagues and the customer may see that."""
        conversation = self.row(request, pk, may_change=True)
        presence.write(signed_in(request), pk)
        if conversation.whatsapp_number.read_receipts != WhatsAppNumber.ReadReceipts.NEVER:
            show_typing.delay_on_commit(pk)  # type: ignore[attr-defined]
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


def _before(request: HttpRequest) -> str:
    """The cursor of the messages that are asked for: as an earlier page gave it, or of the end of a day."""
    try:
        return thread.cursor_after(date.fromisoformat(request.GET["date"]))
    except (KeyError, ValueError, OverflowError):
        return request.GET.get("before", "")


def _attributes(customer: Customer) -> dict[str, Any]:
    return customer.attributes if isinstance(customer.attributes, dict) else {}


def _why_not(conversation: Conversation, message_type: str = "text") -> str:
    """The sentence that says why no message of this type may be sent now; empty when one may."""
    try:
        outbox.check_may_be_sent(conversation, message_type)
    except Refusal as refusal:
        return str(refusal)
    return ""
