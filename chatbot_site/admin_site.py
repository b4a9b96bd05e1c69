from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.tenancy.scope import signed_in

from .operations.doctor.findings import Line


class ChatbotAdminSite(AdminSite):
    """Django's admin. Its first page says what needs whoever opens it."""

    site_title = _("WhatsApp for business")
    site_header = _("WhatsApp for business")
    # There is no other site to view.
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("doctor/", self.admin_view(self.doctor_view), name="doctor"),
            path("search/", self.admin_view(self.search_view), name="search"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        # Not above: the overview imports admin classes, which need this site.
        from .overview import overview

        person = signed_in(request)
        context: dict[str, Any] = overview(person.business, person) if person.business else {}
        if person.is_superuser:
            context["installation"] = self._examine(is_thorough=False)
        return super().index(request, {**context, **(extra_context or {})})

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
