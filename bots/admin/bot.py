from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.office_hours import DAYS
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.hours_field import HOURS
from bots.editor.forms import BotForm
from bots.models import Bot, BotScenario
from bots.simulation.simulation import simulate

from .chat_page import chat_page

ABOUT_HOURS = _(
    "For conditions on now.office_hours, in the business's time zone. An empty day is a day off; all empty: always."
)


@admin.register(Bot)
class BotAdmin(TenantModelAdmin):
    form = BotForm
    list_display = ["name", "whatsapp_number", "is_active", "priority", "scenario_count"]
    list_filter = ["whatsapp_number", "is_active"]
    list_select_related = ["whatsapp_number"]
    search_fields = ["name"]
    search_help_text = _("Search by name")
    readonly_fields = ["menu_words_text", "operator_words_text", "office_hours_text", "scenario_links"]
    empty_text = _("No bots yet. A bot answers on one number, by its scenarios.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        scenarios = BotScenario.objects.filter(bot=OuterRef("pk")).order_by().values("bot")
        total = Subquery(scenarios.annotate(total=Count("pk")).values("total"))
        return super().get_queryset(request).annotate(scenario_total=Coalesce(total, 0))

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        words, hours = ["menu_words", "operator_words"], [*HOURS]
        if obj and not self.has_change_permission(request, obj):
            words, hours = ["menu_words_text", "operator_words_text"], ["office_hours_text"]
        fieldsets = [
            (None, {"fields": ["whatsapp_number", "name", "is_active", "priority"]}),
            (_("Words that work at any time"), {"fields": [*words, "operator_text"]}),
            (_("Office hours"), {"fields": hours, "description": ABOUT_HOURS}),
        ]
        return [*fieldsets, (_("Scenarios"), {"fields": ["scenario_links"]})] if obj else fieldsets

    @admin.display(description=_("menu words"))
    def menu_words_text(self, bot: Bot) -> str:
        return ", ".join(bot.menu_words) or "—"

    @admin.display(description=_("operator words"))
    def operator_words_text(self, bot: Bot) -> str:
        return ", ".join(bot.operator_words) or "—"

    @admin.display(description=_("office hours"))
    def office_hours_text(self, bot: Bot) -> str:
        days = ((WEEKDAYS[index], ", ".join(bot.office_hours.get(day, []))) for index, day in enumerate(DAYS))
        return format_html_join("", "{}: {}<br>", (line for line in days if line[1])) or "—"

    @admin.display(description=pgettext_lazy("verb", "open"))
    def scenario_links(self, bot: Bot) -> str:
        links = ((change_url(scenario), scenario.name) for scenario in bot.scenarios.all())
        return format_html_join("", '<a href="{}">{}</a><br>', links) or "—"

    @admin.display(description=_("scenarios"), ordering="scenario_total")
    def scenario_count(self, bot: Any) -> str:
        url = reverse("admin:bots_botscenario_changelist")
        return format_html('<a href="{}?bot__id__exact={}">{}</a>', url, bot.pk, bot.scenario_total)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/try/", self.admin_site.admin_view(self.try_view), name="bots_bot_try"),
            *super().get_urls(),
        ]

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        bot = self.get_object(request, str(pk))
        if bot is None or not self.has_view_permission(request, bot):
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": bot}
        return chat_page(request, context, lambda messages, answers: simulate(bot, messages, answers=answers))


def change_url(scenario: BotScenario) -> str:
    return reverse("admin:bots_botscenario_change", args=[scenario.pk])
