from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.api.idempotency import idempotent
from accounts.api.pagination import NewestFirst
from accounts.api.schema import changed_meanwhile
from accounts.models import Deletion
from accounts.tenancy.api import ReadOnlyTenantViewSet, TenantViewSet
from accounts.tenancy.scope import signed_in
from accounts.tenancy.serializers import RevisionSerializer
from broadcasts import drafts, lifecycle
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.progress import progress
from crm.api.serializers import MessageSerializer
from crm.api.views import IDEMPOTENCY_KEY

from .filters import BroadcastFilter, BroadcastMessageFilter
from .serializers import BroadcastMessageSerializer, BroadcastSerializer, ProgressSerializer, TestSerializer

verb = extend_schema(request=None, responses=BroadcastSerializer)
verb_once = extend_schema(request=None, responses=BroadcastSerializer, parameters=[IDEMPOTENCY_KEY])


class BroadcastViewSet(TenantViewSet):
    """One template to many customers. Drafts and planned broadcasts can be changed; changing drops the plan."""

    queryset = Broadcast.objects.select_related("whatsapp_number", "template")
    serializer_class = BroadcastSerializer
    filterset_class = BroadcastFilter

    @extend_schema(parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_update(self, serializer: BaseSerializer) -> None:
        broadcast: Broadcast = serializer.instance  # type: ignore[assignment]
        drafts.change(broadcast, **serializer.validated_data)

    def perform_destroy(self, instance: Broadcast) -> Deletion:  # type: ignore[override]
        return drafts.delete(instance, requested_by=signed_in(self.request))

    @extend_schema(
        request=RevisionSerializer,
        responses={
            200: BroadcastSerializer,
            202: OpenApiResponse(BroadcastSerializer, description="Still `planning`; a worker goes on."),
            409: changed_meanwhile(BroadcastSerializer),
        },
        parameters=[IDEMPOTENCY_KEY],
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def plan(self, request: Request, pk: str | None = None) -> Response:
        """Make one row per person, with frozen parameters or the reason why they are left out."""
        broadcast = self.get_object().expect(RevisionSerializer.revision_in(request))
        drafts.plan(broadcast)
        return self._answer(broadcast, status=202 if broadcast.status == Broadcast.Status.PLANNING else 200)

    @extend_schema(
        request=RevisionSerializer,
        responses={200: BroadcastSerializer, 409: changed_meanwhile(BroadcastSerializer)},
        parameters=[IDEMPOTENCY_KEY],
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def start(self, request: Request, pk: str | None = None) -> Response:
        """Approve the plan: it is sent now, or at `scheduled_at`. Without effect when it has been started."""
        broadcast = self.get_object().expect(RevisionSerializer.revision_in(request))
        lifecycle.start(broadcast)
        return self._answer(broadcast)

    @verb
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str | None = None) -> Response:
        """Send no more until it is resumed."""
        return self._do(lifecycle.pause, request.user)

    @verb_once
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, pk: str | None = None) -> Response:
        """Go on with a paused broadcast."""
        return self._do(lifecycle.resume)

    @verb
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """End it: whoever has not been written to is skipped."""
        return self._do(lifecycle.cancel)

    @verb_once
    @action(detail=True, methods=["post"], url_path="retry-failed")
    @idempotent
    def retry_failed(self, request: Request, pk: str | None = None) -> Response:
        """Send again to those to whom it failed."""
        return self._do(lifecycle.retry_failed)

    @extend_schema(request=TestSerializer, responses={201: MessageSerializer}, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def test(self, request: Request, pk: str | None = None) -> Response:
        """Send one message of the template to a phone, with what is known of the customer who has it."""
        broadcast = self.get_object()
        serializer = TestSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        message = drafts.send_test(broadcast, serializer.validated_data["to"], signed_in(request))
        return Response(MessageSerializer(message).data, status=201)

    @extend_schema(responses=ProgressSerializer)
    @action(detail=True, methods=["get"])
    def progress(self, request: Request, pk: str | None = None) -> Response:
        """How many recipients are in which state, why some were skipped, and why some failed."""
        return Response(progress(self.get_object()).as_json())

    def _do(self, verb: Callable[..., None], *arguments: Any) -> Response:
        broadcast = self.get_object()
        verb(broadcast, *arguments)
        return self._answer(broadcast)

    def _answer(self, broadcast: Broadcast, status: int = 200) -> Response:
        return Response(self.get_serializer(broadcast).data, status=status)


class LastPlannedFirst(NewestFirst):
    ordering = "-id"


class BroadcastMessageViewSet(ReadOnlyTenantViewSet):
    """The recipients of broadcasts, newest first."""

    queryset = BroadcastMessage.objects.select_related("broadcast__template")
    serializer_class = BroadcastMessageSerializer
    filterset_class = BroadcastMessageFilter
    pagination_class = LastPlannedFirst
