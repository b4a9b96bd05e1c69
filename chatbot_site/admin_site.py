from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.scope import signed_in

from .operations.doctor.findings import Line


class ChatbotAdminSite(AdminSite):
    """Django's admin. Its first page says what needs whoever opens it."""

    site_title = _("WhatsApp for business")
    site_header = _("WhatsApp for business")
    # There is no other site to view.
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("doctor/", self.admin_view(self.doctor_view), name="doctor"), *super().get_urls()]

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
