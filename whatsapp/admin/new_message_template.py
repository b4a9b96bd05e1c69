from django.contrib import messages
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from whatsapp.message_templates import submit

from .message_template_form import NewTemplateForm


class NewTemplatePages:
    """
    The page on which a template is made and submitted. While one types, the server shows the message and asks for the
    examples it needs; without a script a button does that.
    """

    add_form_template = "admin/whatsapp/messagetemplate/add_form.html"

    def get_urls(self):
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="whatsapp_messagetemplate_preview"), *super().get_urls()]

    def _asks_for_business(self, request, obj):
        """The number tells it."""
        return False

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is None:
            kwargs["form"] = NewTemplateForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request, obj=None):
        """Of a new one all that is typed, which the page lays out itself."""
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": list(NewTemplateForm.base_fields)})]

    def preview_view(self, request):
        return require_POST(self._preview)(request)

    def _preview(self, request):
        """What the page shows of the template as it is typed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.get_form(request)(request.POST)
        return render(request, "admin/whatsapp/messagetemplate/live.html", {"form": form})

    # Meta is asked before Django opens the transaction in which it validates and saves the form.

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method == "POST" and object_id is None and self.has_add_permission(request):
            try:
                if row := self._submit(request):
                    return self._submitted(request, row)
            except (Refusal, ValidationError) as refusal:
                request.refusal = refusal
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _submit(self, request):
        """The row of the template that was submitted; None when the form has errors, which the page then shows."""
        if "_preview" in request.POST:
            raise Refusal("preview", gettext("Nothing has been submitted yet. This is how the message looks."))
        form = self.get_form(request)(request.POST, request.FILES)
        if not form.is_valid():
            return None
        return submit.submit(form.cleaned_data["number"], form.draft, form.example_file)

    def _submitted(self, request, row):
        self.log_addition(request, row, [{"added": {}}])
        told = gettext("“%(template)s” is at Meta: %(status)s. The list shows when Meta has decided.")
        told %= {"template": row, "status": row.status_label}
        self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:whatsapp_messagetemplate_change", args=[quote(row.pk)]))
