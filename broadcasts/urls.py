from rest_framework.routers import SimpleRouter

from . import api

router = SimpleRouter()
router.register("broadcasts", api.BroadcastViewSet)
router.register("broadcast-messages", api.BroadcastMessageViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns = []

urlpatterns = []
