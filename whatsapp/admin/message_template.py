from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import scope, signed_in
from whatsapp.message_templates import sync
from whatsapp.message_templates.preview import label_of, preview
from whatsapp.message_templates.reasons import category_text, quality_text, reason_text
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.numbers import labels
from whatsapp.template_parameters import examples, placeholders

from .message_template_deletion import TemplateDeletionPage
from .message_template_form import NewTemplateForm
from .new_message_template import NewTemplatePage
from .template_languages import language_label
from .template_sync import sync_templates

#: Meta's categories, for people.
CATEGORIES = {
    "MARKETING": _("marketing"),
    "UTILITY": _("service"),
    "AUTHENTICATION": _("sign-in code"),
}

#: The colour of a status; all others are bad.
STATUS_CLASSES = {"APPROVED": "is-good", "PENDING": "is-waiting", "IN_APPEAL": "is-waiting"}


class StatusFilter(admin.SimpleListFilter):
    """The statuses that templates of the business have."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        labels = dict(MessageTemplate.Status.choices)
        used = model_admin.get_queryset(request).order_by("status").values_list("status", flat=True).distinct()
        return [(status, str(labels.get(status, status))) for status in used]

    def queryset(self, request: HttpRequest, queryset: QuerySet[MessageTemplate]) -> QuerySet[MessageTemplate]:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(MessageTemplate)
class MessageTemplateAdmin(TenantModelAdmin):
    """
    Templates as Meta has them: one looks at them, reads them anew, submits new ones (NewTemplatePage) and deletes them
    (TemplateDeletionPage). None is changed.
    """

    list_select_related = ["business"]
    list_display = ["name", "language_name", "state", "category_name", "beginning", "synced"]
    list_filter = [StatusFilter]
    search_fields = ["name"]
    search_help_text = _("Name of the template")
    empty_text = _(
        "No templates yet. Connect a number with its WhatsApp Business account ID; then press “Sync with Meta”, or"
        " make a new one."
    )
    fieldsets = [
        (None, {"fields": ["name", "language_name", "state", "category_name", "quality", "synced_at"]}),
        (_("In the chat, with the examples given to Meta"), {"fields": ["look"]}),
        (_("What is filled in"), {"fields": ["needed"]}),
    ]
    add_form_template = "admin/whatsapp/messagetemplate/add_form.html"

    def __init__(self, model: type[MessageTemplate], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.new_page = NewTemplatePage(self)
        self.deletion_page = TemplateDeletionPage(self)

    def get_urls(self) -> list[URLPattern]:
        sync_path = path("sync/", self.admin_site.admin_view(self.sync_view), name="whatsapp_messagetemplate_sync")
        return [sync_path, *self.new_page.urls(), *super().get_urls()]

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        user = signed_in(request)
        numbers = scope(WhatsAppNumber.objects.exclude(waba_id=""), user)
        may_sync = user.has_perm("whatsapp.change_whatsappnumber") and numbers.exists()
        return super().changelist_view(request, {"may_sync": may_sync, **(extra_context or {})})

    @method_decorator(require_POST)
    def sync_view(self, request: HttpRequest) -> HttpResponse:
        user = signed_in(request)
        if not user.has_perm("whatsapp.change_whatsappnumber"):
            raise PermissionDenied
        numbers = scope(WhatsAppNumber.objects.all(), user)
        sync_templates(request, sync.one_number_of_each_account(numbers))
        return redirect("admin:whatsapp_messagetemplate_changelist")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Each template is looked at by itself before it is deleted."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.display(description=_("language"), ordering="language")
    def language_name(self, template: MessageTemplate) -> str:
        return language_label(template.language)

    @admin.display(description=_("status"), ordering="status")
    def state(self, template: MessageTemplate) -> str:
        css_class = STATUS_CLASSES.get(template.status, "is-bad")
        shown = format_html('<span class="template-status {}">{}</span>', css_class, template.status_label)
        return _with_note(shown, reason_text(template))

    @admin.display(description=_("category"), ordering="category")
    def category_name(self, template: MessageTemplate) -> str:
        category = str(CATEGORIES.get(template.category, template.category))
        return _with_note(category, category_text(template, CATEGORIES))

    @admin.display(description=_("quality"), ordering="quality_score", empty_value="—")
    def quality(self, template: MessageTemplate) -> str:
        return _with_note(str(labels.QUALITIES.get(template.quality_score, "")), quality_text(template))

    @admin.display(description=_("text"))
    def beginning(self, template: MessageTemplate) -> str:
        return Truncator(preview(template, examples(template)).body).chars(70)

    @admin.display(description=_("updated"), ordering="synced_at")
    def synced(self, template: MessageTemplate) -> str:
        return date_format(localtime(template.synced_at), "SHORT_DATETIME_FORMAT")

    # A template

    def has_change_permission(self, request: HttpRequest, obj: MessageTemplate | None = None) -> bool:
        return False

    @admin.display(description=_("message"))
    def look(self, template: MessageTemplate) -> str:
        context = {"preview": preview(template, examples(template))}
        return render_to_string("admin/whatsapp/messagetemplate/preview.html", context)

    @admin.display(description=_("placeholders"))
    def needed(self, template: MessageTemplate) -> str:
        given = examples(template)
        rows = [(label_of(template, key), _example_text(given.get(key))) for key in placeholders(template)]
        if not rows:
            return gettext("Nothing: it is always sent as it is.")
        return format_html('<div class="template-needed">{}</div>', format_html_join("", "<div>{}{}</div>", rows))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        template = self.get_object(request, unquote(object_id))
        if template is None or not self.has_delete_permission(request, template):
            return super().delete_view(request, object_id, extra_context)
        return self.deletion_page.view(request, template)

    # A new template

    def _asks_for_business(self, request: HttpRequest, obj: MessageTemplate | None) -> bool:
        """The number says which business it is."""
        return False

    def get_form(
        self, request: HttpRequest, obj: MessageTemplate | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewTemplateForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: MessageTemplate | None = None) -> Any:
        """Of a new one all that is typed, which the page lays out itself."""
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": list(NewTemplateForm.base_fields)})]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Meta is asked before Django opens the transaction in which it validates and saves the form."""
        if request.method == "POST" and object_id is None and self.has_add_permission(request):
            try:
                if response := self.new_page.submit(request):
                    return response
            except (Refusal, ValidationError) as refusal:
                cast(Any, request).refusal = refusal
        return super().changeform_view(request, object_id, form_url, extra_context)

    class Media:
        css = {"all": ["whatsapp/numbers.css", "whatsapp/template.css", "whatsapp/template_form.css"]}


def _with_note(shown: str, note: str) -> str:
    return format_html('{}<p class="template-note">{}</p>', shown, note) if note else shown


def _example_text(value: str | None) -> str:
    return gettext(", for example: %(value)s") % {"value": value} if value else ""
