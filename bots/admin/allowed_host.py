from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from bots.editor.forms import AllowedHostForm
from bots.models import AllowedHost


@admin.register(AllowedHost)
class AllowedHostAdmin(TenantModelAdmin):
    form = AllowedHostForm
    list_display = ["host", "allow_http", "authorized"]
    search_fields = ["host"]
    search_help_text = _("Search by name")

    @admin.display(description=_("with a secret"), boolean=True)
    def authorized(self, host):
        return host.has_authorization
