"""The page that sends a test message through a number, to see that it works."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.idempotent_form import IdempotentForm
from accounts.tenancy.scope import signed_in
from crm.conversations import outbox
from crm.models import Conversation, Message
from whatsapp.message_templates.availability import usable_with
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.numbers import check_may_send_from
from whatsapp.phone_numbers import normalize_phone, variants_of

from .template_form import TemplateForm, is_id, template_choices


class _PhoneForm(forms.Form):
    """A recipient's phone, as it is written in the country of a number's business."""

    number: WhatsAppNumber

    phone = forms.CharField(
        label=_("Send it to"),
        max_length=40,
        help_text=_("A phone with WhatsApp, preferably your own: 8 916 123-45-67 or +79161234567."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def clean_phone(self) -> str:
        return normalize_phone(self.cleaned_data["phone"], self.number.business.country)


class TextTestForm(_PhoneForm, IdempotentForm):
    text = forms.CharField(
        label=_("Text"),
        max_length=outbox.MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "WhatsApp takes a text for 24 hours after this phone wrote to the number; otherwise send a template."
        ),
    )

    def message_values(self) -> dict[str, Any]:
        """What outbox.write_first takes of the message."""
        return {"text": self.cleaned_data["text"]}


class TemplateTestForm(_PhoneForm, TemplateForm):
    def message_values(self) -> dict[str, Any]:
        """What outbox.write_first takes of the message."""
        return {"text": "", "template": self.template, "parameters": self.parameters}


class TrialMessage(TenantModelAdmin):
    """The page of a test message, for the ModelAdmin of conversations."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_message_view)
        return [path("test-message/<int:number_pk>/", view, name="crm_test_message"), *super().get_urls()]

    def test_message_view(self, request: HttpRequest, number_pk: int) -> HttpResponse:
        """GET `?template=` chooses a template instead of a text; POST sends, or with `preview` only shows."""
        number = self._number_to_test(request, number_pk)
        form = self._test_form(request, number)
        if request.method == "POST" and "preview" not in request.POST and form.is_valid():
            conversation = self._send_test(request, number, form)
            if conversation:
                return redirect("admin:crm_conversation_change", conversation.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Send a test message"),
            "subtitle": number.name,
            "opts": WhatsAppNumber._meta,
            "media": self.media,
            "number": number,
            "form": form,
            "templates": template_choices(number),
            "why_not": _why_not(number),
        }
        return TemplateResponse(request, "admin/crm/test_message.html", context)

    def _number_to_test(self, request: HttpRequest, pk: int) -> WhatsAppNumber:
        own = WhatsAppNumber.objects.for_user(signed_in(request)).select_related("business__subscription")
        number = get_object_or_404(own, pk=pk)
        if not (self.has_change_permission(request) and request.user.has_perm("crm.add_message")):
            raise PermissionDenied
        return number

    def _test_form(self, request: HttpRequest, number: WhatsAppNumber) -> TextTestForm | TemplateTestForm:
        data = request.POST if request.method == "POST" else None
        query = request.GET if data is None else data
        pk = query.get("template", "")
        form: TextTestForm | TemplateTestForm
        if not pk:
            form = TextTestForm(data)
        elif is_id(pk):
            template = get_object_or_404(usable_with(number), pk=pk)
            form = TemplateTestForm(template, None if "preview" in query else data)
            if "preview" in query:
                form.show(query)
        else:
            raise Http404
        form.number = number
        return form

    def _send_test(
        self, request: HttpRequest, number: WhatsAppNumber, form: TextTestForm | TemplateTestForm
    ) -> Conversation | None:
        """The conversation in which a form's message goes out, once; None, with the reason on the page, if refused."""
        phone = form.cleaned_data["phone"]
        try:
            with transaction.atomic():
                if form.is_first(signed_in(request)):
                    message = outbox.write_first(
                        number,
                        author=signed_in(request),
                        phone=phone,
                        origin=Message.Origin.PERSON,
                        pause_bot=False,
                        **form.message_values(),
                    )
                    return message.conversation
                return number.conversations.filter(customer__phone__in=variants_of(phone)).first()
        except Refusal as refusal:
            messages.error(request, str(refusal))
        except ValidationError as error:
            form.add_error(None, error.messages)
        return None


def _why_not(number: WhatsAppNumber) -> str:
    """The sentence that says why the number may not send; empty when it may."""
    try:
        check_may_send_from(number)
    except Refusal as refusal:
        return str(refusal)
    return ""
