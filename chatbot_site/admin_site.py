from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class ChatbotAdminSite(AdminSite):
    """Django's admin, whose first page says what needs the person who opens it."""

    site_title = _("WhatsApp for business")
    site_header = _("WhatsApp for business")
    # There is no other site to view.
    site_url = None

    def index(self, request, extra_context=None):
        # The overview links to lists by their filters, and admin classes are made when there is a site.
        from .overview import overview

        business = getattr(request.user, "business", None)
        context = overview(request.user) if business else {}
        return super().index(request, {**context, **(extra_context or {})})
