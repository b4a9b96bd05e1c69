from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from bots.editor import allowed_hosts
from bots.editor.forms import AllowedHostForm
from bots.models import AllowedHost


@admin.register(AllowedHost)
class AllowedHostAdmin(TenantModelAdmin):
    empty_text = _("No hosts yet. A scenario may call only services whose host stands here.")
    form = AllowedHostForm
    list_display = ["host", "allow_http", "authorized"]
    search_fields = ["host"]
    search_help_text = _("Search by name")

    @admin.display(description=_("with a secret"), boolean=True)
    def authorized(self, host: AllowedHost) -> bool:
        return host.has_authorization

    def save_model(self, request: HttpRequest, obj: AllowedHost, form: AllowedHostForm, change: bool) -> None:
        if not change:
            return super().save_model(request, obj, form, change)
        if allowed_hosts.change(obj, **{name: getattr(obj, name) for name in form.changed_data}):
            text = gettext("The address changed, so the Authorization header was removed. Enter it again if needed.")
            self.message_user(request, text, messages.WARNING)
