from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

from .api import views

router = SimpleRouter()
router.register("broadcasts", views.BroadcastViewSet)
router.register("broadcast-messages", views.BroadcastMessageViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns: list[URLPattern | URLResolver] = []

urlpatterns: list[URLPattern | URLResolver] = []
