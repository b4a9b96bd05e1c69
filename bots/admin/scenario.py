import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.revision_form import revision_shown
from accounts.tenancy.scope import signed_in
from bots.document.name_checks import saved_names
from bots.document.reading import read_draft
from bots.document.step_checks import FIXED_FIELDS
from bots.editor import outline, scenarios
from bots.editor.forms import ImportForm, ScenarioForm
from bots.editor.labels import problem_text
from bots.models import BotScenario, ScenarioVersion
from bots.simulation.simulation import simulate_draft
from crm.models import DealStage
from whatsapp.message_templates.availability import usable_with

from .chat_page import chat_page


@admin.register(BotScenario)
class BotScenarioAdmin(TenantModelAdmin):
    form = ScenarioForm
    list_display = ["name", "bot", "is_active", "published", "updated_at"]
    list_filter = ["bot", "is_active"]
    list_select_related = ["bot"]
    search_fields = ["name"]
    search_help_text = _("Search by name")
    save_on_top = True
    empty_text = _("No scenarios yet. A scenario says when a bot answers and what, step by step.")

    class Media:
        css = {"all": ["bots/scenario.css"]}
        js = [Script("bots/scenario.js", defer=True)]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        latest = ScenarioVersion.objects.filter(scenario=OuterRef("pk")).order_by("-number")
        return super().get_queryset(request).annotate(published_number=Subquery(latest.values("number")[:1]))

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        if self.has_change_permission(request, obj) or obj is None:
            return ["bot", "name", "is_active", "expires"]
        return ["bot", "name", "is_active"]

    @admin.display(description=_("published version"), ordering="published_number", empty_value="—")
    def published(self, scenario: Any) -> Any:
        return scenario.published_number

    # The change page

    def form_context(self, request: HttpRequest, obj: BotScenario | None) -> dict[str, Any]:
        if obj is None:
            return {"flow": [], "starts": [], "rule_fields": fields_to_ask({})}
        templates = usable_with(obj.bot.whatsapp_number)
        return {
            "flow": outline.nodes(obj.definition),
            "starts": outline.starts(obj.definition),
            "rule_fields": fields_to_ask(obj.definition),
            "whatsapp_templates": templates,
            "template_languages": sorted({template.language for template in templates}),
            "stages": DealStage.objects.filter(business=obj.business_id),
            "published_number": obj.versions.aggregate(number=Max("number"))["number"],
        }

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        if "_publish" in request.POST:
            return self._publish(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_publish" in request.POST:
            return self._publish(request, obj)
        self._warn(request, obj)
        return super().response_change(request, obj)

    def _publish(self, request: HttpRequest, scenario: BotScenario) -> HttpResponse:
        """Publish what was just saved."""
        try:
            version = scenarios.publish(scenario, signed_in(request))
        except scenarios.BrokenScenario as broken:
            text = gettext("Saved, but not published: %(problems)s")
            problems = " ".join(problem_text(problem, scenario.definition) for problem in broken.report.errors[:5])
            self.message_user(request, text % {"problems": problems}, messages.ERROR)
        else:
            self.log_change(
                request, scenario, gettext("Published as version %(number)s.") % {"number": version.number}
            )
            text = gettext("Version %(number)s is live: customers meet it from now on.")
            self.message_user(request, text % {"number": version.number}, messages.SUCCESS)
        return HttpResponseRedirect(self._address(scenario))

    def _warn(self, request: HttpRequest, scenario: BotScenario) -> None:
        errors = len(scenarios.check(scenario).errors)
        if errors:
            text = ngettext(
                "%(count)s mistake keeps this scenario from being published. It is marked below.",
                "%(count)s mistakes keep this scenario from being published. They are marked below.",
                errors,
            )
            self.message_user(request, text % {"count": errors}, messages.WARNING)

    def _address(self, scenario: BotScenario) -> str:
        return reverse("admin:bots_botscenario_change", args=[scenario.pk])

    # Pages beside it

    def get_urls(self) -> list[URLPattern]:
        pages = {"try": self.try_view, "export": self.export_view, "import": self.import_view}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"bots_botscenario_{name}")
            for name, view in pages.items()
        ]
        return own + super().get_urls()

    def _scenario(self, request: HttpRequest, pk: int) -> BotScenario:
        scenario = self.get_object(request, str(pk))
        if scenario is None or not self.has_view_permission(request, scenario):
            raise Http404
        return scenario

    def _context(self, request: HttpRequest, scenario: BotScenario, **more: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "original": scenario, **more}

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self._scenario(request, pk)
        context = self._context(request, scenario, starts=outline.starts(scenario.definition))
        return chat_page(request, context, lambda messages, answers: simulate_draft(scenario, messages, answers))

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self._scenario(request, pk)
        document = json.dumps(scenario.definition, ensure_ascii=False, indent=1)
        return HttpResponse(
            document,
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="scenario-{scenario.pk}.json"'},
        )

    def import_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        scenario = self._scenario(request, pk)
        if not self.has_change_permission(request, scenario):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return self._import(request, scenario, form.cleaned_data["file"])
        context = self._context(request, scenario, form=form, title=gettext("Import a scenario from a file"))
        return TemplateResponse(request, "admin/bots/botscenario/import.html", context)

    def _import(self, request: HttpRequest, scenario: BotScenario, definition: dict[str, Any]) -> HttpResponse:
        try:
            scenarios.replace(scenario.expect(revision_shown(request)), definition)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(self._address(scenario))
        self.log_change(request, scenario, gettext("Imported from a file."))
        text = gettext("The draft is what the file holds. Customers meet it when you publish it.")
        self.message_user(request, text, messages.SUCCESS)
        self._warn(request, scenario)
        return HttpResponseRedirect(self._address(scenario))


def fields_to_ask(definition: dict[str, Any]) -> list[str]:
    """What a condition may ask for, as suggestions."""
    return [*sorted(saved_names(read_draft(definition).steps)), *FIXED_FIELDS, "customer.attributes."]
