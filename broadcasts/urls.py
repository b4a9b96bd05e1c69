from rest_framework.routers import SimpleRouter

router = SimpleRouter()

#: Below /api/v1/, beside the router's.
api_urlpatterns = []

urlpatterns = []
