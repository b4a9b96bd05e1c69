from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, User
from accounts.people import tokens
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in

from .forms import ApiTokenForm


@admin.register(ApiToken)
class ApiTokenAdmin(TenantModelAdmin):
    """Keys for programs. A key is shown once, when it is made."""

    empty_text = _("No tokens yet. A program signs in to the API with one.")
    form = ApiTokenForm
    leaves_many_to_job = False
    list_display = ["name", "role", "person", "beginning", "created", "expiry"]
    list_filter = ["role", "expiry"]
    list_select_related = ["user"]
    search_fields = ["name"]
    fields = ["name", "role", "expiry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).exclude(name="")

    @admin.display(description=_("person"), ordering="user")
    def person(self, token: ApiToken) -> User:
        return token.user

    @admin.display(description=_("key begins with"))
    def beginning(self, token: ApiToken) -> str:
        return f"{token.token_key[:8]}…"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The API works for one business, so a platform administrator has no use for a key."""
        return signed_in(request).business_id is not None and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        obj.user = signed_in(request)
        key = tokens.issue(obj)
        self.message_user(
            request,
            format_html(gettext("The key is shown only once. Copy it now: {}"), key),
            messages.WARNING,
        )

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        queryset.delete()
