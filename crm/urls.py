from django.urls import path
from rest_framework.routers import SimpleRouter

from . import api, file_api

router = SimpleRouter()
router.register("customers", api.CustomerViewSet)
router.register("tags", api.TagViewSet)
router.register("deals", api.DealViewSet)
router.register("deal-stages", api.DealStageViewSet)
router.register("conversations", api.ConversationViewSet)
router.register("messages", api.MessageViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns = [
    path("customers/import/", file_api.ImportViewSet.as_view({"post": "import_file"}), name="customer-import"),
    path("customers/export/", file_api.ExportViewSet.as_view({"get": "export"}), name="customer-export"),
    path(
        "conversations/<int:conversation_pk>/messages/",
        api.MessagesOfConversationViewSet.as_view({"get": "list", "post": "create"}),
        name="conversation-messages",
    ),
    path(
        "whatsapp-numbers/<int:pk>/export/",
        api.ExportViewSet.as_view({"get": "export"}),
        name="whatsappnumber-export",
    ),
]

urlpatterns = []
