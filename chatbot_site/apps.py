from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class ChatbotSiteConfig(AppConfig):
    name = "chatbot_site"
    verbose_name = _("Site")

    def ready(self):
        from .operations import checks  # noqa: F401


class ChatbotAdminConfig(AdminConfig):
    default_site = "chatbot_site.admin_site.ChatbotAdminSite"
