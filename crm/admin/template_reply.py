"""The part of the conversation's page that answers with a template: choose one, fill it in, look at it, send it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from crm.models import Conversation
from whatsapp.message_templates.availability import usable_with

from .conversation_page import ConversationPage
from .template_form import TemplateForm, is_id


class TemplateReply(ConversationPage):
    """The conversation's page, with an address that chooses and sends a template."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.template_view)
        return [path("<int:pk>/template/", view, name="crm_conversation_template"), *super().get_urls()]

    def template_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET `?template=` chooses a template; POST sends it, or with `preview` shows it as it is filled in so far."""
        conversation = self._conversation(request, pk, may_change=True)
        page = reverse("admin:crm_conversation_change", args=[pk])
        if request.method != "POST" and not request.GET.get("template"):
            return redirect(f"{page}#template")
        form = self._form(request, conversation)
        if form is None:
            messages.error(request, _("This template is no longer approved. Choose another one."))
            return redirect(f"{page}#template")
        wants_to_send = request.method == "POST" and "preview" not in request.POST
        if wants_to_send and form.is_valid():
            values = {"template": form.template, "parameters": form.parameters}
            if self._write(request, conversation, form, **values):
                return redirect(page)
        return self._show(request, conversation, template_form=form)

    def _form(self, request: HttpRequest, conversation: Conversation) -> TemplateForm | None:
        """The form of the chosen template; None when it may not be sent."""
        data = request.POST if request.method == "POST" else None
        pk = (request.GET if data is None else data).get("template", "")
        if not is_id(pk):
            raise Http404
        template = usable_with(conversation.whatsapp_number).filter(pk=pk).first()
        if template is None:
            return None
        if data is None or "preview" not in data:
            return TemplateForm(template, data)
        form = TemplateForm(template)
        form.show(data)
        return form
