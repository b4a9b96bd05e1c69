from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import changed_meanwhile
from accounts.tenancy.api import TenantViewSet
from accounts.tenancy.scope import signed_in
from accounts.tenancy.serializers import RevisionSerializer
from bots.editor import scenarios
from bots.editor.create import create_bot
from bots.models import AllowedHost, Bot, BotScenario
from bots.simulation.simulation import simulate

from .filters import BotFilter, BotScenarioFilter
from .serializers import (
    AllowedHostSerializer,
    BotScenarioSerializer,
    BotSerializer,
    ReportSerializer,
    ScenarioVersionSerializer,
    SimulatedTurnsSerializer,
    SimulationSerializer,
)

BROKEN = OpenApiResponse(ReportSerializer, description="The draft has errors.")


class AnswersWithReport(TenantViewSet):
    """A draft with errors is answered with 400 and the same report as `validate/` gives."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, scenarios.BrokenScenario):
            return Response(exc.report.as_json(), status=400)
        return super().handle_exception(exc)


class BotViewSet(AnswersWithReport):
    """The bots of the business's numbers. Of several on a number the lowest priority is asked first."""

    queryset = Bot.objects.all()
    serializer_class = BotSerializer
    filterset_class = BotFilter
    action_permissions = {"simulate": "view"}

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_bot(self.business, **serializer.validated_data)

    @extend_schema(request=SimulationSerializer, responses={200: SimulatedTurnsSerializer, 400: BROKEN})
    @action(detail=True, methods=["post"])
    def simulate(self, request: Request, pk: int | None = None) -> Response:
        """
        What the bot would answer to a new customer. Nothing is stored, sent or called. Waits pass at once, the
        message `/skip` lets the time to answer run out, `/tap size:m M` taps the button of that id with the label M,
        and a service that would be called answers as `answers` says by step, or not at all.
        """
        bot = self.get_object()
        wanted = SimulationSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        turns = simulate(bot, **wanted.validated_data)
        return Response(SimulatedTurnsSerializer({"turns": turns}).data)


class AllowedHostViewSet(TenantViewSet):
    """The hosts that scenarios may call. `host` is a name like api.example.com."""

    queryset = AllowedHost.objects.all()
    serializer_class = AllowedHostSerializer


class BotScenarioViewSet(AnswersWithReport):
    """Scenarios as they are being written. Customers meet what is published."""

    queryset = BotScenario.objects.all()
    serializer_class = BotScenarioSerializer
    filterset_class = BotScenarioFilter
    action_permissions = {"validate": "view"}

    @extend_schema(request=None, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, pk: int | None = None) -> Response:
        """What is wrong with the draft, and where."""
        return Response(scenarios.check(self.get_object()).as_json())

    @extend_schema(
        request=RevisionSerializer,
        responses={200: ScenarioVersionSerializer, 400: BROKEN, 409: changed_meanwhile(BotScenarioSerializer)},
    )
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: int | None = None) -> Response:
        """The draft goes live as the next version; a draft with errors changes nothing."""
        scenario = self.get_object().expect(RevisionSerializer.revision_in(request))
        version = scenarios.publish(scenario, signed_in(request))
        return Response(ScenarioVersionSerializer(version).data)

    @extend_schema(responses=ScenarioVersionSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def versions(self, request: Request, pk: int | None = None) -> Response:
        """The published versions, the latest first."""
        page = self.paginate_queryset(self.get_object().versions.all())
        return self.get_paginated_response(ScenarioVersionSerializer(page, many=True).data)
