from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import logout
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.deletion.admin import under_way
from accounts.models import Business
from accounts.people import registration
from accounts.tenancy.admin import TenantModelAdmin

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
    fields = ["name", "country", "time_zone", "language", "currency", "is_suspended", "created_at"]

    def get_readonly_fields(self, request, obj=None):
        return ["created_at"] if request.user.is_superuser else ["is_suspended", "created_at"]

    @admin.display(description=_("plan"))
    def plan(self, business):
        return business.subscription.get_plan_display()

    def save_model(self, request, business, form, change):
        if change:
            business.save(update_fields=form.changed_data)
        else:
            registration.open_business(business)

    # Deleting a business: an administrator types its name, its owner also the password.

    def get_actions(self, request):
        actions = super().get_actions(request)
        return actions if request.user.is_superuser else {}

    def form_context(self, request: HttpRequest, obj: Business | None) -> dict[str, Any]:
        # The page has a link of its own for deleting.
        return {"show_delete": False}

    def confirmations(self, request, rows, data=None):
        forms = super().confirmations(request, rows, data)
        return forms if request.user.is_superuser else [*forms, PasswordForm(data, request=request)]

    def response_delete(self, request, obj_display, obj_id):
        if request.user.is_superuser:
            return super().response_delete(request, obj_display, obj_id)
        logout(request)
        text = _("“%(name)s” has been deleted with all it had.")
        if under_way(request):
            text = _("“%(name)s” is being deleted with all it has. Nobody of it can sign in any more.")
        messages.success(request, text % {"name": obj_display})
        return redirect("admin:login")
