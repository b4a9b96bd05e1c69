from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import ReadOnlyTenantAdmin
from accounts.tenancy.revision_form import revision_shown
from bots.editor import outline, scenarios
from bots.models import ScenarioVersion


@admin.register(ScenarioVersion)
class ScenarioVersionAdmin(ReadOnlyTenantAdmin):
    empty_text = _("No versions yet. One is kept whenever a scenario is published.")
    list_display = ["__str__", "scenario", "published_at", "published_by"]
    list_filter = ["scenario"]
    list_select_related = ["scenario", "published_by"]
    fields = ["scenario", "number", "published_at", "published_by"]
    ordering = ["-published_at", "-id"]

    class Media:
        css = {"all": ["bots/scenario.css"]}

    def form_context(self, request: HttpRequest, obj: ScenarioVersion) -> dict[str, Any]:
        return {
            "flow": outline.nodes(obj.definition),
            "starts": outline.starts(obj.definition),
            "may_restore": request.user.has_perm("bots.change_botscenario"),
        }

    def get_urls(self) -> list[URLPattern]:
        restore = self.admin_site.admin_view(require_POST(self.restore_view))
        return [path("<int:pk>/restore/", restore, name="bots_scenarioversion_restore"), *super().get_urls()]

    def restore_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The draft becomes this version."""
        version = self.get_object(request, str(pk))
        if version is None:
            raise Http404
        if not request.user.has_perm("bots.change_botscenario"):
            raise PermissionDenied
        try:
            version.scenario.expect(revision_shown(request))
            scenarios.restore(version)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            text = gettext("The draft is version %(number)s again. Customers meet it when you publish it.")
            self.message_user(request, text % {"number": version.number}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:bots_botscenario_change", args=[version.scenario_id]))
