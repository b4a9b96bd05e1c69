from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from .overview import overview


class ChatbotAdminSite(AdminSite):
    """Django's admin, whose first page says what needs the person who opens it."""

    site_title = _("WhatsApp for business")
    site_header = _("WhatsApp for business")
    # There is no other site to view.
    site_url = None

    def index(self, request, extra_context=None):
        business = getattr(request.user, "business", None)
        context = overview(business) if business else {}
        return super().index(request, {**context, **(extra_context or {})})
