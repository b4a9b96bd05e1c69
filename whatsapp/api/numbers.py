from collections import Counter
from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.deletion import deletion
from accounts.tenancy.api import TenantViewSet
from accounts.tenancy.scope import signed_in
from accounts.tenancy.serializers import StrictSerializer
from whatsapp.message_templates import sync
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health, numbers
from whatsapp.numbers.quick_setup import embedded_signup, setups

from .filters import WhatsAppNumberFilter
from .quick_setup_serializers import (
    EmbeddedSignupSerializer,
    QuickSetupSerializer,
    SetupReportSerializer,
    report_of,
)
from .serializers import DeletePreviewSerializer, SyncedSerializer, WhatsAppNumberSerializer

SECRETS = {"access_token", "app_secret"}


class WhatsAppNumberViewSet(TenantViewSet):
    """The business's WhatsApp numbers. Creating one asks Meta at once."""

    queryset = WhatsAppNumber.objects.all()
    serializer_class = WhatsAppNumberSerializer
    filterset_class = WhatsAppNumberFilter
    action_permissions = {"delete_preview": "change", "quick_setup": "add", "embedded_signup": "add"}

    def perform_create(self, serializer: BaseSerializer[WhatsAppNumber]) -> None:
        serializer.instance = numbers.connect(self.business, **serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer[WhatsAppNumber]) -> None:
        may_change_secrets = signed_in(self.request).has_perm("whatsapp.change_secrets_of_whatsappnumber")
        if SECRETS & set(serializer.validated_data) and not may_change_secrets:
            raise PermissionDenied(_("Only the owner may change a number's secrets."))
        numbers.update(cast(WhatsAppNumber, serializer.instance), **serializer.validated_data)

    @extend_schema(request=None, responses=WhatsAppNumberSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str | None = None) -> Response:
        """Bots answer and messages go out again."""
        number = self.get_object()
        numbers.activate(number)
        return Response(self.get_serializer(number).data)

    @extend_schema(request=None, responses=WhatsAppNumberSerializer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str | None = None) -> Response:
        """Incoming messages are kept; bots are silent and nothing is sent."""
        number = self.get_object()
        numbers.deactivate(number)
        return Response(self.get_serializer(number).data)

    @extend_schema(request=None, responses=WhatsAppNumberSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str | None = None) -> Response:
        """Ask Meta how the number stands."""
        return Response(self.get_serializer(health.check(self.get_object())).data)

    @extend_schema(request=None, responses=SyncedSerializer)
    @action(detail=True, methods=["post"], url_path="sync-templates")
    def sync_templates(self, request: Request, pk: str | None = None) -> Response:
        """Read the templates of the number's WhatsApp Business account at Meta."""
        return Response(SyncedSerializer(sync.sync(self.get_object())).data)

    @extend_schema(responses=DeletePreviewSerializer)
    @action(detail=True, methods=["get"], url_path="delete-preview")
    def delete_preview(self, request: Request, pk: str | None = None) -> Response:
        """What deleting the number would remove with it."""
        counts = deletion.preview(self.get_object()).counts
        by_table = Counter({model._meta.db_table: count for model, count in counts.items()})
        return Response(DeletePreviewSerializer(by_table).data)

    @extend_schema(request=QuickSetupSerializer, responses=SetupReportSerializer)
    @action(detail=False, methods=["post"], url_path="quick-setup")
    def quick_setup(self, request: Request) -> Response:
        """
        Connect the numbers of a WhatsApp Business account. The answer has the result of each step; sent again, the
        request goes on with those that failed.
        """
        return self._set_up(self._entered(QuickSetupSerializer))

    @extend_schema(request=EmbeddedSignupSerializer, responses=SetupReportSerializer)
    @action(detail=False, methods=["post"], url_path="embedded-signup")
    def embedded_signup(self, request: Request) -> Response:
        """Exchange the code of Meta's embedded signup for a token, then do what quick setup does."""
        entered = self._entered(EmbeddedSignupSerializer)
        token = embedded_signup.token_for(entered.pop("code"))
        return self._set_up({**entered, "access_token": token})

    def _entered(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _set_up(self, entered: dict[str, Any]) -> Response:
        user = signed_in(self.request)
        setup = setups.begin(user, **entered)
        setups.run(setup, user, connect_all=True)
        return Response(SetupReportSerializer(report_of(setup), context=self.get_serializer_context()).data)
