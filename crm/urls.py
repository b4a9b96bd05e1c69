from django.urls import URLPattern, path
from rest_framework.routers import SimpleRouter

from .api import customer_files, deals, saved_replies, scheduled_messages, views

router = SimpleRouter()
router.register("customers", views.CustomerViewSet)
router.register("tags", views.TagViewSet)
router.register("deals", deals.DealViewSet)
router.register("deal-stages", deals.DealStageViewSet)
router.register("deal-pipelines", deals.DealPipelineViewSet)
router.register("conversations", views.ConversationViewSet)
router.register("messages", views.MessageViewSet)
router.register("saved-replies", saved_replies.SavedReplyViewSet)
router.register("scheduled-messages", scheduled_messages.ScheduledMessageViewSet)

#: Below /api/v1/, beside the router's.
api_urlpatterns = [
    path(
        "customers/import/",
        customer_files.CustomerImportViewSet.as_view({"post": "import_file"}),
        name="customer-import",
    ),
    path("customers/export/", customer_files.CustomerExportViewSet.as_view({"get": "export"}), name="customer-export"),
    path(
        "conversations/<int:conversation_pk>/messages/",
        views.MessagesOfConversationViewSet.as_view({"get": "list", "post": "create"}),
        name="conversation-messages",
    ),
    path(
        "whatsapp-numbers/<int:pk>/export/",
        views.ConversationExportViewSet.as_view({"get": "export"}),
        name="whatsappnumber-export",
    ),
]

urlpatterns: list[URLPattern] = []
