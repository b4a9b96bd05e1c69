from django.urls import path
from rest_framework.routers import SimpleRouter

from .api import WhatsAppNumberViewSet
from .message_templates.api import MessageTemplateViewSet
from .views import WebhookView

router = SimpleRouter()
router.register("whatsapp-numbers", WhatsAppNumberViewSet)
router.register("templates", MessageTemplateViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns = []

urlpatterns = [
    path("webhooks/whatsapp/", WebhookView.as_view(), name="whatsapp-webhook"),
    # A redirect to the slash would lose what is posted.
    path("webhooks/whatsapp", WebhookView.as_view()),
]
