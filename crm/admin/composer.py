"""What is written in a conversation by hand: replies, files, templates, notes and reactions, now or for later."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.refusals import Refusal
from accounts.tenancy.idempotent_form import IdempotentForm
from accounts.tenancy.scope import scope, signed_in
from crm.conversations import notes, outbox, saved_replies, scheduled
from crm.models import Conversation, Message, SavedReply
from whatsapp.graph.media_types import EXTENSIONS
from whatsapp.models import WhatsAppNumber

from .composer_forms import NOTE, ReactionForm, ReplyForm
from .template_form import TemplateForm, chosen_form, template_choices

if TYPE_CHECKING:
    from .conversation_page import ConversationPage

TEMPLATE = "admin/crm/conversation/composer.html"

#: Who asks with this header is a script, which takes a part of the page, or JSON.
PART = "X-Part"

#: Canned replies and colleagues that are offered.
MAX_OFFERED = 300


def composer_context(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """All that the composer of a conversation shows."""
    user, number = signed_in(request), conversation.whatsapp_number
    may_write = _may_write(user)
    return {
        "conversation": conversation,
        "customer": conversation.customer,
        "may_change": may_write,
        "why_not": why_not(conversation) if may_write else gettext("Your role does not allow replying."),
        "form": ReplyForm(),
        "template_form": None,
        "templates": template_choices(number),
        "why_no_template": why_not(conversation, "template"),
        "shows_typing": number.read_receipts != WhatsAppNumber.ReadReceipts.NEVER,
        "scheduled": conversation.scheduled_messages.shown().select_related("author"),
        "file_types": json.dumps(file_types()),
        "time_zone": number.business.time_zone,
    }


def file_types() -> dict[str, list[Any]]:
    """By the extension of a file that WhatsApp carries: its kind, the most bytes, and these as people write them."""
    return {
        extension: [media_type.kind, media_type.limit, filesizeformat(media_type.limit)]
        for extension, media_type in EXTENSIONS.items()
    }


def why_not(conversation: Conversation, message_type: str = "text") -> str:
    """The sentence that says why no message of this type may be sent now; empty when one may."""
    try:
        outbox.check_may_be_sent(conversation, message_type)
    except Refusal as refusal:
        return str(refusal)
    return ""


class Composer:
    """The views below a conversation's address at which people write. Each also answers a form without scripts."""

    def __init__(self, page: ConversationPage) -> None:
        self.page = page

    def urls(self) -> list[URLPattern]:
        view = self.page.model_admin.admin_site.admin_view
        return [
            path("<int:pk>/reply/", view(require_POST(self.reply_view)), name="crm_conversation_reply"),
            path("<int:pk>/template/", view(self.template_view), name="crm_conversation_template"),
            path("<int:pk>/react/", view(require_POST(self.react_view)), name="crm_conversation_react"),
            path("<int:pk>/composer/", view(self.composer_view), name="crm_conversation_composer"),
            path("<int:pk>/offers/", view(self.offers_view), name="crm_conversation_offers"),
            path(
                "<int:pk>/scheduled/<int:scheduled_pk>/",
                view(require_POST(self.scheduled_view)),
                name="crm_conversation_scheduled",
            ),
        ]

    def reply_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """POST of the box: a text or a file to the customer, now or later, or a note."""
        conversation = self.page.row(request, pk)
        form = ReplyForm(request.POST, request.FILES, conversation=conversation)
        done = form.is_valid() and self._do(request, form, lambda user: _say(conversation, form, user))
        if _is_script(request):
            return _outcome(form, done)
        return self.page.back(conversation) if done else self.page.show(request, conversation, form=form)

    def template_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET `?template=` chooses a template; POST sends it, or with `preview` shows it as it is filled in so far."""
        conversation = self.page.row(request, pk, may_change=True)
        page = reverse("admin:crm_conversation_change", args=[pk])
        if request.method != "POST" and not request.GET.get("template"):
            return redirect(f"{page}#template")
        form = chosen_form(request, conversation.whatsapp_number, conversation.customer)
        if form is None:
            sentence = gettext("This template is no longer approved. Choose another one.")
            if _is_script(request):
                return JsonResponse({"done": False, "problems": [sentence]})
            self.page.refuse(request, ValidationError(sentence))
            return redirect(f"{page}#template")
        wants_to_send = request.method == "POST" and "preview" not in request.POST
        done = (
            wants_to_send
            and form.is_valid()
            and self._do(request, form, lambda user: _send_template(conversation, form, user))
        )
        if done:
            return _outcome(form, True) if _is_script(request) else redirect(page)
        return self._show(request, conversation, template_form=form)

    def react_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST `message`, `emoji`: a reaction to a message; an empty one takes it back."""
        conversation = self.page.row(request, pk, may_change=True)
        form = ReactionForm(request.POST, conversation=conversation)
        done = form.is_valid() and self._do(
            request,
            form,
            lambda user: outbox.react(conversation, form.cleaned_data["message"], form.cleaned_data["emoji"], user),
        )
        if _is_script(request):
            return _outcome(form, done)
        for sentences in form.errors.values():
            self.page.refuse(request, ValidationError(list(sentences)))
        return self.page.back(conversation)

    def scheduled_view(self, request: HttpRequest, pk: int, scheduled_pk: int) -> HttpResponse:
        """POST `verb`: "cancel" or "send_now" a message for later."""
        conversation = self.page.row(request, pk, may_change=True)
        if not _may_write(signed_in(request)):
            raise PermissionDenied
        row = get_object_or_404(conversation.scheduled_messages.select_related("conversation"), pk=scheduled_pk)
        verbs = {"cancel": scheduled.cancel, "send_now": scheduled.send_now}
        if request.POST.get("verb") not in verbs:
            raise Http404
        try:
            verbs[request.POST["verb"]](row)
        except Refusal as refusal:
            if _is_script(request):
                return JsonResponse({"done": False, "problems": [str(refusal)]})
            self.page.refuse(request, refusal)
        return self._show(request, conversation) if _is_script(request) else self.page.back(conversation)

    @method_decorator(require_GET)
    def composer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The composer alone, as a fragment of HTML."""
        return render(request, TEMPLATE, composer_context(request, self.page.row(request, pk)))

    @method_decorator(require_GET)
    def offers_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        """What the box offers while one types: canned replies filled in, colleagues; and that one is signed in."""
        conversation, user = self.page.row(request, pk), signed_in(request)
        of_business = SavedReply.objects.filter(business=conversation.business_id)
        replies = scope(of_business, user).visible_to(user)[:MAX_OFFERED]
        people = User.objects.filter(is_active=True, business=conversation.business_id).exclude(pk=user.pk)
        return JsonResponse(
            {
                "user": user.pk,
                "csrf": get_token(request),
                "replies": [
                    {
                        "shortcut": reply.shortcut,
                        "text": saved_replies.filled_in(reply, conversation.customer),
                        "is_shared": reply.is_shared,
                    }
                    for reply in replies
                ],
                "colleagues": [str(person) for person in people.order_by("name")[:MAX_OFFERED]],
            }
        )

    def _show(self, request: HttpRequest, conversation: Conversation, **extra: Any) -> HttpResponse:
        """The composer with this, in its page, or alone for a script."""
        if _is_script(request):
            return render(request, TEMPLATE, {**composer_context(request, conversation), **extra})
        return self.page.show(request, conversation, **extra)

    def _do(self, request: HttpRequest, form: IdempotentForm, work: Callable[[User], object]) -> bool:
        """Do what a form says, once. Returns False, with the reason on the form, when it is refused."""
        user = signed_in(request)
        if not _may_write(user):
            raise PermissionDenied
        try:
            with transaction.atomic():
                if form.is_first(user):
                    work(user)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            return False
        except ValidationError as error:
            form.add_error(None, error.messages)
            return False
        return True


def _may_write(user: User) -> bool:
    return user.has_perms(["crm.change_conversation", "crm.add_message"])


def _is_script(request: HttpRequest) -> bool:
    return PART in request.headers


def _outcome(form: IdempotentForm, done: bool) -> JsonResponse:
    """Whether it was done, and why not."""
    return JsonResponse({"done": done, "problems": [sentence for found in form.errors.values() for sentence in found]})


def _say(conversation: Conversation, form: ReplyForm, user: User) -> None:
    values = form.cleaned_data
    if values["mode"] == NOTE:
        notes.write(conversation, user, values["text"])
    elif values["send_at"]:
        scheduled.schedule(
            conversation,
            user,
            values["send_at"],
            text=values["text"],
            reply_to=values["reply_to"],
            cancel_if_customer_writes=values["cancel_if_customer_writes"],
        )
    else:
        outbox.write(
            conversation,
            user,
            text=values["text"],
            upload=values["file"],
            origin=Message.Origin.PERSON,
            reply_to=values["reply_to"],
        )


def _send_template(conversation: Conversation, form: TemplateForm, user: User) -> None:
    if send_at := form.cleaned_data["send_at"]:
        if form.upload:
            raise ValidationError(gettext_lazy("A file cannot go out later. Give a link, or send it now."))
        scheduled.schedule(
            conversation,
            user,
            send_at,
            template=form.template,
            parameters=form.parameters,
            cancel_if_customer_writes=form.cleaned_data["cancel_if_customer_writes"],
        )
    else:
        outbox.write(
            conversation,
            user,
            template=form.template,
            parameters=form.parameters,
            upload=form.upload,
            origin=Message.Origin.PERSON,
        )
