from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import accounts.urls
import bots.urls
import broadcasts.urls
import crm.urls
import whatsapp.urls
from accounts.tenancy.api import TenantRouter

from .api import StatsView, SubscriptionView
from .operations import health

APPS = (accounts, whatsapp, crm, bots, broadcasts)

router = TenantRouter()
for app in APPS:
    router.registry.extend(app.urls.router.registry)

api = [
    path("subscription/", SubscriptionView.as_view(), name="subscription"),
    path("stats/", StatsView.as_view(), name="stats"),
    *[pattern for app in APPS for pattern in app.urls.api_urlpatterns],
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    re_path("^docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include([*api, *router.urls])),
    *[pattern for app in APPS for pattern in app.urls.urlpatterns],
]

handler400 = "chatbot_site.errors.bad_request"
handler404 = "chatbot_site.errors.not_found"
handler500 = "chatbot_site.errors.server_error"
