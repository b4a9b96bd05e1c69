from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from .operations.doctor.examination import examine


class ChatbotAdminSite(AdminSite):
    """Django's admin, whose first page says what needs the person who opens it."""

    site_title = _("WhatsApp for business")
    site_header = _("WhatsApp for business")
    # There is no other site to view.
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("doctor/", self.admin_view(self.doctor_view), name="doctor"), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # The overview links to lists by their filters, and admin classes are made when there is a site.
        from .overview import overview

        business = getattr(request.user, "business", None)
        context: dict[str, Any] = overview(request.user) if business else {}
        if request.user.is_superuser:
            context["installation"] = examine(is_thorough=False)
        return super().index(request, {**context, **(extra_context or {})})

    def doctor_view(self, request: HttpRequest) -> HttpResponse:
        """All that `manage.py doctor` looks at, for a platform administrator."""
        if not request.user.is_superuser:
            raise PermissionDenied
        context = {**self.each_context(request), "title": _("The installation"), "installation": examine()}
        return TemplateResponse(request, "admin/doctor.html", context)
