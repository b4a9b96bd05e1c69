from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

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
            path("first-steps/", self.admin_view(require_POST(self.first_steps_view)), name="first_steps"),
            *super().get_urls(),
        ]

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
