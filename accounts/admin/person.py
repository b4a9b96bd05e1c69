from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Deletion, User
from accounts.people import team
from accounts.people.invitations import invitation_url
from accounts.tenancy.admin import TenantModelAdmin

from .forms import PersonForm


@admin.register(User)
class PersonAdmin(TenantModelAdmin):
    """The people of a business. Adding one invites them."""

    form = PersonForm
    leaves_many_to_job = False
    list_display = ["email", "name", "role", "is_active", "has_joined", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    search_help_text = _("E-mail or name")
    readonly_fields = ["invitation", "last_login", "date_joined"]

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        if obj is None:
            return ["email", "name", "role", "language"]
        fields = ["email", "name", "role", "language", "is_active", "last_login", "date_joined"]
        if not obj.business_id:
            fields.remove("role")
        may_invite = self.has_change_permission(request, obj) and not obj.has_usable_password()
        return [*fields, "invitation"] if may_invite else fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return ["email", *fields] if obj else list(fields)

    @admin.display(description=_("has joined"), boolean=True)
    def has_joined(self, person: User) -> bool:
        return person.has_usable_password()

    @admin.display(description=_("invitation link"))
    def invitation(self, person: User) -> str:
        return format_html(
            "{}<br>{}",
            invitation_url(person),
            gettext("Pass it on in any way, for example by WhatsApp. It opens the page to choose a password."),
        )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            team.change(obj)
            return
        team.invite(obj)
        self.message_user(
            request,
            format_html(
                gettext("Invited by e-mail: {}. The same link, to pass on by WhatsApp: {}"),
                obj.email,
                invitation_url(obj),
            ),
            messages.INFO,
        )

    def delete_cascades(self, rows: Iterable[User], requested_by: User | None) -> list[Deletion]:
        return [team.remove(person, requested_by) for person in rows]
