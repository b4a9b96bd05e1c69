from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from accounts.refusals import Refusal
from whatsapp.message_templates import delete
from whatsapp.message_templates.usage import uses_of


class TemplateDeletionPage:
    """The page that says what uses a template before it is deleted, at Meta too."""

    def get_actions(self, request):
        """Each template is looked at by itself before it is deleted."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_view(self, request, object_id, extra_context=None):
        template = self.get_object(request, unquote(object_id))
        if template is None or not self.has_delete_permission(request, template):
            return super().delete_view(request, object_id, extra_context)
        if request.method == "POST":
            return self._delete(request, template)
        return self._confirm_at_meta(request, template)

    def _confirm_at_meta(self, request, template):
        siblings = delete.siblings(template)
        uses = [self._with_link(use) for use in uses_of([template])]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Delete the template?"),
            "opts": self.opts,
            "media": self.media,
            "object": template,
            "held": [link for use, link in uses if use.holds],
            "uses": [link for use, link in uses if not use.holds],
            "siblings": siblings,
            "uses_of_siblings": [link for _use, link in map(self._with_link, uses_of(siblings))],
            "is_at_meta": delete.is_at_meta(template),
        }
        return TemplateResponse(request, "admin/whatsapp/messagetemplate/delete_confirmation.html", context)

    def _with_link(self, use):
        options = use.row._meta
        address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[quote(use.row.pk)])
        state = f" — {use.state}" if use.state else ""
        return use, format_html('{} <a href="{}">{}</a>{}', use.kind, address, use.row, state)

    def _delete(self, request, template):
        all_languages, at_meta = "all_languages" in request.POST, delete.is_at_meta(template)
        try:
            delete.delete(template, request.user, all_languages=all_languages, anyway=True)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        self.log_deletions(request, [template])
        if at_meta:
            told = gettext("The template “%(name)s” is deleted. Meta blocks the name for 30 days.")
        else:
            told = gettext("The template “%(name)s” is deleted here.")
        self.message_user(request, told % {"name": template.name}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:whatsapp_messagetemplate_changelist"))
