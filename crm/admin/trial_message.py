"""The page that sends a test message through a number, to see that it works."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refusal
from accounts.tenancy.single_submit import OnceForm
from crm.conversations import outbox
from crm.models import Message
from whatsapp.message_templates.availability import usable_with
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.numbers import check_may_send
from whatsapp.phone_numbers import normalize_phone

from .template_reply import TemplateForm, name_of


class ToPhone(forms.Form):
    """A recipient's phone, as it is written in the country of a number's business."""

    number = None

    phone = forms.CharField(
        label=_("Send it to"),
        max_length=40,
        help_text=_("A phone with WhatsApp, best your own: 8 916 123-45-67 or +79161234567."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def clean_phone(self):
        return normalize_phone(self.cleaned_data["phone"], self.number.business.country)


class TextTest(ToPhone, OnceForm):
    template = None

    text = forms.CharField(
        label=_("Text"),
        max_length=outbox.MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("WhatsApp takes a text for 24 hours after this phone wrote to the number; else send a template."),
    )

    def said(self):
        return {"text": self.cleaned_data["text"]}


class TemplateTest(ToPhone, TemplateForm):
    def said(self):
        return {"text": "", "template": self.template, "parameters": self.parameters}


class TrialMessage:
    """Mixed into the ModelAdmin of conversations."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.test_message_view)
        return [path("test-message/<int:number_pk>/", view, name="crm_test_message"), *super().get_urls()]

    def test_message_view(self, request, number_pk):
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
            "templates": [(template.pk, name_of(template)) for template in usable_with(number)],
            "why_not": _why_not(number),
        }
        return TemplateResponse(request, "admin/crm/test_message.html", context)

    def _number_to_test(self, request, pk):
        own = WhatsAppNumber.objects.for_user(request.user).select_related("business__subscription")
        number = get_object_or_404(own, pk=pk)
        if not (self.has_change_permission(request) and request.user.has_perm("crm.add_message")):
            raise PermissionDenied
        return number

    def _test_form(self, request, number):
        asked = request.POST if request.method == "POST" else request.GET
        data = request.POST if request.method == "POST" else None
        pk = asked.get("template", "")
        if not pk:
            form = TextTest(data)
        elif pk.isdecimal() and len(pk) < 19:
            template = get_object_or_404(usable_with(number), pk=pk)
            form = TemplateTest(template, None if "preview" in asked else data)
            if "preview" in asked:
                form.initial = {name: asked.get(form.add_prefix(name), "") for name in form.fields}
        else:
            raise Http404
        form.number = number
        return form

    def _send_test(self, request, number, form):
        """The conversation in which a form's message goes out, once; None, with the reason on the page, if refused."""
        phone = form.cleaned_data["phone"]
        try:
            with transaction.atomic():
                if form.is_first(request.user):
                    message = outbox.write_first(
                        number,
                        author=request.user,
                        phone=phone,
                        origin=Message.Origin.PERSON,
                        pause_bot=False,
                        **form.said(),
                    )
                    return message.conversation
                return number.conversations.filter(customer__phone=phone).first()
        except Refusal as refusal:
            messages.error(request, str(refusal))
        except ValidationError as error:
            form.add_error(None, error.messages)
        return None


def _why_not(number):
    try:
        check_may_send(number)
    except Refusal as refusal:
        return str(refusal)
    return ""
