from django.urls import URLPattern, path
from rest_framework.routers import SimpleRouter

from whatsapp.api.header_files import HeaderFileViewSet
from whatsapp.api.message_templates import MessageTemplateViewSet
from whatsapp.api.numbers import WhatsAppNumberViewSet
from whatsapp.webhooks.views import WebhookView

router = SimpleRouter()
router.register("whatsapp-numbers", WhatsAppNumberViewSet)
router.register("templates", MessageTemplateViewSet)
router.register("template-files", HeaderFileViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns: list[URLPattern] = []

urlpatterns = [
    path("webhooks/whatsapp/", WebhookView.as_view(), name="whatsapp-webhook"),
    # A redirect to the slash would lose what is posted.
    path("webhooks/whatsapp", WebhookView.as_view()),
]
