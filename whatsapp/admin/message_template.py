from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import scope
from whatsapp.message_templates import sync
from whatsapp.message_templates.preview import label_of, preview
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.template_parameters import examples, placeholders

from .message_template_deletion import TemplateDeletionPage
from .message_template_form import language_in_words
from .new_message_template import NewTemplatePages
from .number import sync_in_words

#: Meta's categories in words for people.
CATEGORIES = {
    "MARKETING": _("marketing"),
    "UTILITY": _("service"),
    "AUTHENTICATION": _("sign-in code"),
}


class StatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request, model_admin):
        words = dict(MessageTemplate.Status.choices)
        used = model_admin.get_queryset(request).order_by("status").values_list("status", flat=True).distinct()
        return [(status, words.get(status, status)) for status in used]

    def queryset(self, request, queryset):
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(MessageTemplate)
class MessageTemplateAdmin(NewTemplatePages, TemplateDeletionPage, TenantModelAdmin):
    """
    Templates as Meta has them: one looks at them, reads them anew, submits new ones (NewTemplatePages) and deletes
    them (TemplateDeletionPage). None is changed.
    """

    list_display = ["name", "language_in_words", "state", "category_in_words", "beginning", "synced"]
    list_filter = [StatusFilter]
    search_fields = ["name"]
    search_help_text = _("Name of the template")
    empty_text = _(
        "No templates yet. Connect a number with its WhatsApp Business account ID; then press “Sync with Meta”, or"
        " make a new one."
    )
    fieldsets = [
        (None, {"fields": ["name", "language_in_words", "state", "category_in_words", "synced_at"]}),
        (_("In the chat, with the examples given to Meta"), {"fields": ["look"]}),
        (_("What is filled in"), {"fields": ["needed"]}),
    ]

    def has_change_permission(self, request, obj=None):
        return False

    def get_urls(self):
        view = self.admin_site.admin_view(self.sync_view)
        return [path("sync/", view, name="whatsapp_messagetemplate_sync"), *super().get_urls()]

    def sync_view(self, request):
        return require_POST(self._sync)(request)

    def _sync(self, request):
        if not request.user.has_perm("whatsapp.change_whatsappnumber"):
            raise PermissionDenied
        for number in sync.one_number_of_each_account(scope(WhatsAppNumber.objects.all(), request.user)):
            self.message_user(request, *sync_in_words(number))
        return HttpResponseRedirect(reverse("admin:whatsapp_messagetemplate_changelist"))

    def changelist_view(self, request, extra_context=None):
        numbers = scope(WhatsAppNumber.objects.exclude(waba_id=""), request.user)
        may_sync = request.user.has_perm("whatsapp.change_whatsappnumber") and numbers.exists()
        return super().changelist_view(request, {"may_sync": may_sync, **(extra_context or {})})

    @admin.display(description=_("language"), ordering="language")
    def language_in_words(self, template):
        return language_in_words(template.language)

    @admin.display(description=_("status"), ordering="status")
    def state(self, template):
        kind = {"APPROVED": "is-good", "PENDING": "is-waiting", "IN_APPEAL": "is-waiting"}.get(
            template.status, "is-bad"
        )
        return format_html('<span class="template-status {}">{}</span>', kind, template.status_label)

    @admin.display(description=_("category"), ordering="category")
    def category_in_words(self, template):
        return CATEGORIES.get(template.category, template.category)

    @admin.display(description=_("text"))
    def beginning(self, template):
        body = preview(template, examples(template)).body
        return body if len(body) <= 70 else f"{body[:69]}…"

    @admin.display(description=_("updated"), ordering="synced_at")
    def synced(self, template):
        return date_format(localtime(template.synced_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("message"))
    def look(self, template):
        shown = preview(template, examples(template))
        return render_to_string("admin/whatsapp/messagetemplate/preview.html", {"preview": shown})

    @admin.display(description=_("placeholders"))
    def needed(self, template):
        given = examples(template)
        needed = [(label_of(template, key), _for_example(given.get(key))) for key in placeholders(template)]
        if not needed:
            return gettext("Nothing: it is always sent as it is.")
        return format_html('<div class="template-needed">{}</div>', format_html_join("", "<div>{}{}</div>", needed))

    class Media:
        css = {"all": ["whatsapp/numbers.css", "whatsapp/template.css", "whatsapp/template_form.css"]}


def _for_example(value):
    return gettext(", for example: %(value)s") % {"value": value} if value else ""
