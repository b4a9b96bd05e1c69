from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from accounts.deletion import deletion
from accounts.tenancy.api import TenantViewSet
from whatsapp.message_templates import sync
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health, numbers

from .filters import WhatsAppNumberFilter
from .quick_setup import QuickSetupActions
from .serializers import DeletePreviewSerializer, SyncedSerializer, WhatsAppNumberSerializer

SECRETS = {"access_token", "app_secret"}


class WhatsAppNumberViewSet(QuickSetupActions, TenantViewSet):
    """The business's WhatsApp numbers. Creating one asks Meta at once."""

    queryset = WhatsAppNumber.objects.all()
    serializer_class = WhatsAppNumberSerializer
    filterset_class = WhatsAppNumberFilter
    action_permissions = {"delete_preview": "change", "quick_setup": "add", "embedded_signup": "add"}

    def perform_create(self, serializer):
        serializer.instance = numbers.connect(self.business, **serializer.validated_data)

    def perform_update(self, serializer):
        if SECRETS & set(serializer.validated_data) and not self.request.user.has_perm(
            "whatsapp.change_secrets_of_whatsappnumber"
        ):
            raise PermissionDenied(_("Only the owner may change a number's secrets."))
        numbers.update(serializer.instance, **serializer.validated_data)

    @extend_schema(request=None, responses=WhatsAppNumberSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request, pk=None):
        """Bots answer and messages go out again."""
        number = self.get_object()
        numbers.activate(number)
        return Response(self.get_serializer(number).data)

    @extend_schema(request=None, responses=WhatsAppNumberSerializer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request, pk=None):
        """Incoming messages are kept; bots are silent and nothing is sent."""
        number = self.get_object()
        numbers.deactivate(number)
        return Response(self.get_serializer(number).data)

    @extend_schema(request=None, responses=WhatsAppNumberSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request, pk=None):
        """Ask Meta how the number stands."""
        return Response(self.get_serializer(health.check(self.get_object())).data)

    @extend_schema(request=None, responses=SyncedSerializer)
    @action(detail=True, methods=["post"], url_path="sync-templates")
    def sync_templates(self, request, pk=None):
        """Read the templates of the number's WhatsApp Business account at Meta."""
        return Response(SyncedSerializer(sync.sync(self.get_object())).data)

    @extend_schema(responses=DeletePreviewSerializer)
    @action(detail=True, methods=["get"], url_path="delete-preview")
    def delete_preview(self, request, pk=None):
        """What deleting the number would remove with it."""
        counts = deletion.preview(self.get_object()).counts
        by_table = {model._meta.db_table: count for model, count in counts.items()}
        return Response({kind: by_table.get(kind, 0) for kind in DeletePreviewSerializer().fields})
