"""Messages for later by API."""

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tenancy.api import ReadOnlyTenantViewSet
from accounts.tenancy.filters import TenantFilterSet
from accounts.tenancy.serializers import TenantSerializer
from crm.conversations import scheduled
from crm.models import ScheduledMessage


class ScheduledMessageSerializer(TenantSerializer):
    """A message that goes out later. `problem` says why one was not sent, whose `state` is `failed`."""

    class Meta:
        model = ScheduledMessage
        fields = [
            "id",
            "conversation",
            "author",
            "send_at",
            "text",
            "template",
            "cancel_if_customer_writes",
            "state",
            "problem",
            "created_at",
        ]
        read_only_fields = fields


class ScheduledMessageFilter(TenantFilterSet):
    class Meta:
        model = ScheduledMessage
        fields = ["conversation", "state"]


class ScheduledMessageViewSet(ReadOnlyTenantViewSet):
    """Messages that go out later, the next first. They are written with `send_at` of a conversation's messages."""

    queryset = ScheduledMessage.objects.select_related("conversation")
    serializer_class = ScheduledMessageSerializer
    filterset_class = ScheduledMessageFilter

    @extend_schema(request=None, responses=ScheduledMessageSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Never send it."""
        return self._do(scheduled.cancel)

    @extend_schema(request=None, responses=ScheduledMessageSerializer)
    @action(detail=True, methods=["post"], url_path="send-now")
    def send_now(self, request: Request, pk: str | None = None) -> Response:
        """Send it at once, also one that was refused at its time."""
        return self._do(scheduled.send_now)

    def _do(self, verb: Callable[[ScheduledMessage], None]) -> Response:
        row = self.get_object()
        verb(row)
        return Response(self.get_serializer(row).data)
