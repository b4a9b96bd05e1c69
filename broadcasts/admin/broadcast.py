from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Deletion, User
from accounts.refusals import Refusal
from accounts.templatetags.accounts import grouped
from accounts.tenancy.admin import TenantModelAdmin
from broadcasts import audience, drafts
from broadcasts.labels import paused_text, preview_of
from broadcasts.models import Broadcast, BroadcastMessage
from whatsapp.template_parameters import MEDIA_KEYS, placeholders

from .broadcast_page import BroadcastPage
from .forms import PARAMETER, WITHOUT_GONE, NewBroadcastForm, draft_form_for

#: What is not on its way and never will be.
OVER = ("accepted", "sent", "delivered", "read", "failed", "unknown")


@admin.register(Broadcast)
class BroadcastAdmin(TenantModelAdmin):
    """Drafts are forms; what is planned or started is a page that shows how far it is (BroadcastPage)."""

    form = NewBroadcastForm
    leaves_many_to_job = False
    list_display = ["name", "whatsapp_number", "template", "status", "recipients", "headway"]
    list_filter = ["whatsapp_number", "status"]
    list_select_related = ["whatsapp_number", "template"]
    list_per_page = 20
    search_fields = ["name"]
    search_help_text = _("Search by name")
    empty_text = _("No broadcasts yet. A broadcast sends one approved template to many customers.")

    def __init__(self, model: type[Broadcast], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.page = BroadcastPage(self)

    def get_urls(self) -> list[URLPattern]:
        return [*self.page.urls(), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.status in drafts.EDITABLE)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        broadcast = self.get_object(request, object_id)
        is_draft = broadcast is None or broadcast.status == Broadcast.Status.DRAFT
        if is_draft and self.has_change_permission(request, broadcast):
            return super().change_view(request, object_id, form_url, extra_context)
        broadcast = self.page.row(request, object_id, may_change=request.method == "POST")
        if request.method == "POST":
            self.page.refuse(request, drafts.not_editable(broadcast))
            return self.page.back(broadcast)
        return self.page.show(request, broadcast)

    # The list

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list with the counts of its rows, by one query."""
        changelist = super().get_changelist_instance(request)
        counts: dict[int, dict[str, int]] = {broadcast.pk: {} for broadcast in changelist.result_list}
        messages = BroadcastMessage.objects.filter(broadcast__in=counts).order_by()
        for pk, status, count in messages.values_list("broadcast", "status").annotate(Count("pk")):
            counts[pk][status] = count
        for broadcast in changelist.result_list:
            broadcast.counts = counts[broadcast.pk]
        return changelist

    @admin.display(description=_("recipients"))
    def recipients(self, broadcast: Any) -> str:
        total = sum(broadcast.counts.values())
        if not total:
            return "—"
        url = reverse("admin:broadcasts_broadcastmessage_changelist")
        shown = grouped(total)
        return format_html('<a href="{}?broadcast__id__exact={}">{}</a>', url, broadcast.pk, shown)

    @admin.display(description=pgettext_lazy("broadcast", "progress"))
    def headway(self, broadcast: Any) -> str:
        over = sum(broadcast.counts.get(status, 0) for status in OVER)
        to_come = broadcast.counts.get("planned", 0) + broadcast.counts.get("sending", 0)
        if not over:
            return paused_text(broadcast) or "—"
        shown = gettext("%(done)s of %(total)s") % {
            "done": grouped(over),
            "total": grouped(over + to_come),
        }
        failed = broadcast.counts.get("failed", 0)
        if failed:
            shown += ngettext(", %(count)s failed", ", %(count)s failed", failed) % {"count": grouped(failed)}
        return shown

    # The draft

    def get_form(
        self, request: HttpRequest, obj: Broadcast | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        if obj:
            kwargs["form"] = draft_form_for(obj)
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Broadcast | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["name", "whatsapp_number", "template"]})]
        keys = placeholders(obj.template)
        gone = [WITHOUT_GONE] if audience.gone_tags(obj.business, obj.audience) else []
        filled_in = {
            "fields": [name for key in keys for name in _fields_of(key)],
            "description": _("What stands in the gaps of the template, for each person."),
        }
        return [
            (None, {"fields": ["name", "whatsapp_number", "template"]}),
            *([(_("What is filled in"), filled_in)] if keys else []),
            (_("Recipients"), {"fields": ["who", "tags_any", "customers", "tags_all", "tags_none", *gone]}),
            (_("Time"), {"fields": ["scheduled_at"]}),
        ]

    def form_context(self, request: HttpRequest, obj: Broadcast | None) -> dict[str, Any]:
        return {"preview": preview_of(obj)} if obj else {}

    def save_model(self, request: HttpRequest, obj: Broadcast, form: Any, change: bool) -> None:
        if change:
            drafts.change(obj, **form.values())
        else:
            obj.save()

    def response_add(self, request: HttpRequest, obj: Broadcast, post_url_continue: str | None = None) -> HttpResponse:
        """On to the second step."""
        return self.page.back(obj)

    def response_change(self, request: HttpRequest, obj: Broadcast) -> HttpResponse:
        if "_plan" in request.POST:
            self._plan(request, obj)
            return self.page.back(obj)
        return super().response_change(request, obj)

    def _plan(self, request: HttpRequest, broadcast: Broadcast) -> None:
        """Plan what was just saved."""
        try:
            drafts.plan(broadcast)
        except (Refusal, ValidationError) as error:
            problems = str(error) if isinstance(error, Refusal) else " ".join(error.messages)
            text = gettext("Saved, but not planned: %(problems)s") % {"problems": problems}
            self.message_user(request, text, messages.ERROR)
        else:
            self.log_change(request, broadcast, gettext("Planned."))

    def delete_cascades(self, rows: Iterable[Broadcast], requested_by: User | None) -> list[Deletion]:
        return [drafts.delete(broadcast, requested_by) for broadcast in rows]

    class Media:
        css = {"all": ["whatsapp/template.css", "broadcasts/broadcast.css"]}


def _fields_of(key: str) -> list[str]:
    """The names of the fields of a placeholder: where a file may be chosen, that stands below its link."""
    return [PARAMETER + key, "header_file"] if key in MEDIA_KEYS else [PARAMETER + key]
