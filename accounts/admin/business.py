from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.deletion.admin import under_way
from accounts.models import Business
from accounts.people import registration
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in

from .forms import BusinessForm, PasswordForm


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
            _("Opting out"),
            {"fields": ["opt_out_words", "opt_in_words", "confirms_opt_out", "opt_out_text", "opt_in_text"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Business | None = None) -> list[str]:
        return ["created_at"] if signed_in(request).is_superuser else ["is_suspended", "created_at"]

    @admin.display(description=_("plan"))
    def plan(self, business: Business) -> str:
        return business.subscription.get_plan_display()

    def save_model(self, request: HttpRequest, obj: Business, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
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
