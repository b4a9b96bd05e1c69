from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from bots.api.views import AllowedHostViewSet, BotScenarioViewSet, BotViewSet

router = SimpleRouter()
router.register("bots", BotViewSet)
router.register("bot-scenarios", BotScenarioViewSet)
router.register("allowed-hosts", AllowedHostViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns: list[URLPattern | URLResolver] = []

urlpatterns: list[URLPattern | URLResolver] = []
