from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.deletion.admin import under_way
from accounts.models import Business
from accounts.office_hours import DAYS
from accounts.people import registration
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.hours_field import HOURS
from accounts.tenancy.scope import signed_in

from .forms import BusinessForm, PasswordForm

ABOUT_HOURS = _(
    "When people answer, in the business's time zone. An empty day is a day off; all empty: at any time. Letters "
    "about whoever waits are sent within them."
)


@admin.register(Business)
class BusinessAdmin(TenantModelAdmin):
    """An owner's own business; all of them for platform administrators."""

    form = BusinessForm
    types_name = True
    list_display = ["name", "plan", "country", "language", "is_suspended", "created_at"]
    list_filter = ["is_suspended", "language"]
    list_select_related = ["subscription"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "country", "time_zone", "language", "currency", "is_suspended", "created_at"]}),
        (_("Bots and people"), {"fields": ["bot_returns_after"]}),
        (
            _("Who waits for an answer"),
            {"fields": ["alerts_after", "alerts_about_numbers", "assigns_automatically", "returns_after"]},
        ),
        (
            _("Opting out"),
            {"fields": ["opt_out_words", "opt_in_words", "confirms_opt_out", "opt_out_text", "opt_in_text"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Business | None = None) -> list[str]:
        always = ["created_at", "office_hours_text"]
        return always if signed_in(request).is_superuser else ["is_suspended", *always]

    def get_fieldsets(self, request: HttpRequest, obj: Business | None = None) -> Any:
        may_change = obj is None or self.has_change_permission(request, obj)
        hours = [*HOURS] if may_change else ["office_hours_text"]
        *fieldsets, opting_out = super().get_fieldsets(request, obj)
        return [*fieldsets, (_("Working hours"), {"fields": hours, "description": ABOUT_HOURS}), opting_out]

    @admin.display(description=_("working hours"))
    def office_hours_text(self, business: Business) -> str:
        days = ((WEEKDAYS[index], ", ".join(business.office_hours.get(day, []))) for index, day in enumerate(DAYS))
        return format_html_join("", "{}: {}<br>", (line for line in days if line[1])) or "—"

    @admin.display(description=_("plan"))
    def plan(self, business: Business) -> str:
        return business.subscription.get_plan_display()

    def save_model(self, request: HttpRequest, obj: Business, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["office_hours" if name in HOURS else name for name in form.changed_data])
        else:
            registration.open_business(obj)

    # Whoever deletes a business types its name; its owner types their password too.

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        return actions if signed_in(request).is_superuser else {}

    def form_context(self, request: HttpRequest, obj: Business | None) -> dict[str, Any]:
        # The page has a link of its own for deleting.
        return {"show_delete": False}

    def confirmations(
        self, request: HttpRequest, rows: Iterable[Business], data: Mapping[str, Any] | None = None
    ) -> list[forms.Form]:
        asked = list(super().confirmations(request, rows, data))
        return asked if signed_in(request).is_superuser else [*asked, PasswordForm(data, request=request)]

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        if signed_in(request).is_superuser:
            return super().response_delete(request, obj_display, obj_id)
        logout(request)
        text = _("“%(name)s” has been deleted with everything it had.")
        if under_way(request):
            text = _("“%(name)s” is being deleted with everything it has. Its people can no longer sign in.")
        messages.success(request, text % {"name": obj_display})
        return redirect("admin:login")
