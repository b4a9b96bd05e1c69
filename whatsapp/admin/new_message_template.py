"""The page on which a template is made and submitted."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from whatsapp.message_templates import submit


class NewTemplatePage:
    """
    While one types, the server shows the message and asks for the examples it needs; without a script a button does
    that. The ModelAdmin of templates holds one, adds `urls()` to its own, and lets it submit what was posted.
    """

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="whatsapp_messagetemplate_preview")]

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """What the page shows of the template as it was typed so far."""
        if not self.model_admin.has_add_permission(request):
            raise PermissionDenied
        form = self.model_admin.get_form(request)(request.POST)
        return render(request, "admin/whatsapp/messagetemplate/live.html", {"form": form})

    def submit(self, request: HttpRequest) -> HttpResponse | None:
        """
        Submit the template to Meta, outside a transaction, and go to its page; None when the form has errors, which
        its page then shows. Raises Refusal or ValidationError when Meta does not take it, or the button only asks for
        a preview.
        """
        if "_preview" in request.POST:
            raise Refusal("preview", gettext("Nothing has been submitted yet. This is how the message looks."))
        form = self.model_admin.get_form(request)(request.POST, request.FILES)
        if not form.is_valid():
            return None
        template = submit.submit(form.cleaned_data["number"], form.draft, form.example_file)
        self.model_admin.log_addition(request, template, [{"added": {}}])
        sentence = gettext("“%(template)s” is at Meta: %(status)s. The list will show what Meta decides.")
        messages.success(request, sentence % {"template": template, "status": template.status_label})
        return redirect("admin:whatsapp_messagetemplate_change", template.pk)
