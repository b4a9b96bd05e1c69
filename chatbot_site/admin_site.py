from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

from accounts.tenancy.scope import signed_in

from .operations.doctor.findings import Line

if TYPE_CHECKING:
    from .navigation import Link


class ChatbotAdminSite(AdminSite):
    """Django's admin. Its first page says what needs whoever opens it."""

    site_title = _("WhatsApp for business")
    site_header = _("WhatsApp for business")
    # There is no other site to view.
    site_url = None
    # The shell around every page has a navigation by task (navigation.py).
    enable_nav_sidebar = False
    empty_value_display = "—"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("doctor/", self.admin_view(self.doctor_view), name="doctor"),
            path("search/", self.admin_view(self.search_view), name="search"),
            path("first-steps/", self.admin_view(require_POST(self.first_steps_view)), name="first_steps"),
            path("settings/", self.admin_view(self.settings_view), name="settings"),
            path("journal/", self.admin_view(self.journal_view), name="journal"),
            *super().get_urls(),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # Not above: the navigation imports models, which need this site.
        from .navigation import context

        return {**super().each_context(request), **context(request)}

    def settings_view(self, request: HttpRequest) -> TemplateResponse:
        """The lists by which a person sets things up."""
        from .navigation import settings_of

        return self._page_of_lists(request, _("Settings"), settings_of(signed_in(request)))

    def journal_view(self, request: HttpRequest) -> TemplateResponse:
        """The lists of what happened, which only the system writes."""
        from .navigation import records_of

        return self._page_of_lists(request, _("Journal"), records_of(signed_in(request)))

    def _page_of_lists(self, request: HttpRequest, title: str | Promise, lists: list["Link"]) -> TemplateResponse:
        context = {**self.each_context(request), "title": title, "lists": lists}
        return TemplateResponse(request, "admin/lists.html", context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        # Not above: the overview imports admin classes, which need this site.
        from .overview.overview import page

        person = signed_in(request)
        context: dict[str, Any] = page(person.business, person) if person.business else {}
        if person.is_superuser:
            context["installation"] = self._examine(is_thorough=False)
        return super().index(request, {"title": _("Overview"), **context, **(extra_context or {})})

    def first_steps_view(self, request: HttpRequest) -> HttpResponse:
        """The first steps of a business are put away."""
        from .overview.first_steps import put_away

        person = signed_in(request)
        if not person.business or not person.has_perm("accounts.change_business"):
            raise PermissionDenied
        put_away(person.business)
        return redirect("admin:index")

    def _examine(self, is_thorough: bool = True) -> list[Line]:
        # Not above: few people ever see the doctor, and each process would import it.
        from .operations.doctor.examination import examine

        return examine(is_thorough)

    def doctor_view(self, request: HttpRequest) -> TemplateResponse:
        """The whole list of `manage.py doctor`, for a platform administrator."""
        if not signed_in(request).is_superuser:
            raise PermissionDenied
        context = {**self.each_context(request), "title": _("The installation"), "installation": self._examine()}
        return TemplateResponse(request, "admin/doctor.html", context)

    def search_view(self, request: HttpRequest) -> TemplateResponse:
        """What a person finds from everywhere, by `q`."""
        # Not above: as for the overview.
        from . import search

        typed = request.GET.get("q", "").strip()
        is_too_short = search.is_too_short(typed)
        context = {
            **self.each_context(request),
            "title": pgettext_lazy("page", "Search"),
            "typed": typed,
            "is_too_short": is_too_short,
            "groups": [] if is_too_short else search.search(typed, signed_in(request)),
            "limit": search.LIMIT,
            "max_query": search.MAX_QUERY,
        }
        return TemplateResponse(request, "admin/search.html", context)
