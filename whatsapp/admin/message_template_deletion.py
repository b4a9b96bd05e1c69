"""The page that says what uses a template before it is deleted, at Meta too."""

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from whatsapp.message_templates import delete
from whatsapp.message_templates.usage import Use, uses_of
from whatsapp.models import MessageTemplate


class TemplateDeletionPage:
    """The ModelAdmin of templates holds one, and answers with it for who may delete a template."""

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        self.model_admin = model_admin

    def view(self, request: HttpRequest, template: MessageTemplate) -> HttpResponse:
        return self._delete(request, template) if request.method == "POST" else self._show(request, template)

    def _show(self, request: HttpRequest, template: MessageTemplate) -> HttpResponse:
        uses, siblings = uses_of([template]), delete.siblings(template)
        context = {
            **self.model_admin.admin_site.each_context(request),
            "title": gettext("Delete the template?"),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "object": template,
            "held": [linked(use) for use in uses if use.holds],
            "uses": [linked(use) for use in uses if not use.holds],
            "siblings": siblings,
            "uses_of_siblings": [linked(use) for use in uses_of(siblings)],
            "is_at_meta": delete.is_at_meta(template),
        }
        return TemplateResponse(request, "admin/whatsapp/messagetemplate/delete_confirmation.html", context)

    def _delete(self, request: HttpRequest, template: MessageTemplate) -> HttpResponse:
        at_meta = delete.is_at_meta(template)
        try:
            delete.delete(template, signed_in(request), all_languages="all_languages" in request.POST, anyway=True)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())
        self.model_admin.log_deletions(request, [template])  # type: ignore[arg-type]  # Any iterable will do.
        if at_meta:
            text = gettext("The template “%(name)s” is deleted. Meta blocks the name for 30 days.")
        else:
            text = gettext("The template “%(name)s” is deleted here.")
        messages.success(request, text % {"name": template.name})
        return redirect("admin:whatsapp_messagetemplate_changelist")


def linked(use: Use) -> str:
    """What uses something, with a link to its page."""
    options = use.row._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[quote(use.row.pk)])
    state = f" — {use.state}" if use.state else ""
    return format_html('{} <a href="{}">{}</a>{}', use.kind, address, use.row, state)
