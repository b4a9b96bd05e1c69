from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class ChatbotSiteConfig(AppConfig):
    name = "chatbot_site"
    verbose_name = _("Site")

    def ready(self) -> None:
        from django.core.checks import register

        from accounts.jobs import registry

        from . import boolean_icons
        from .celery import app
        from .jobs import JOBS
        from .operations import checks  # noqa: F401

        boolean_icons.install()
        registry.register(JOBS)
        register(registry.every_job_row_has_a_job)
        register(registry.every_queue_exists)
        app.conf.beat_schedule = {**app.conf.beat_schedule, **registry.beat_schedule()}


class ChatbotAdminConfig(AdminConfig):
    default_site = "chatbot_site.admin_site.ChatbotAdminSite"


class SignInsConfig(AxesConfig):
    """django-axes, under a name that people understand."""

    verbose_name = _("Sign-ins")
