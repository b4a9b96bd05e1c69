from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.plans import PLANS
from accounts.tenancy.api import TenantScope
from accounts.tenancy.permissions import IsMember, RolePermission
from accounts.tenancy.scope import signed_in

from .overview.overview import Period, overview
from .serializers import DaysSerializer, StatsSerializer, SubscriptionSerializer
from .usage import usage


class MaySeeSubscription(RolePermission):
    def permission_for(self, request: Request, view: APIView) -> str:
        return "accounts.view_subscription"


class SubscriptionView(TenantScope, APIView):
    permission_classes = [MaySeeSubscription]

    @extend_schema(responses=SubscriptionSerializer)
    def get(self, request: Request) -> Response:
        """The business's plan, what it allows, and how much of it is used."""
        subscription = self.business.subscription
        answer = {
            "plan": subscription.plan,
            "status": subscription.status,
            "ends_at": subscription.ends_at,
            "limits": PLANS[subscription.plan].limits,
            "usage": usage(self.business),
        }
        return Response(SubscriptionSerializer(answer).data)


class StatsView(TenantScope, APIView):
    permission_classes = [IsMember]
    known_parameters = ("from", "to")

    @extend_schema(
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description="The first day; else 13 days before the last."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="The last day; else today."),
        ],
        responses=StatsSerializer,
    )
    def get(self, request: Request) -> Response:
        """What needs a person, and how the shop stands: today, and on at most 92 days of its calendar."""
        asked = DaysSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        period = Period.asked(self.business, asked.validated_data.get("from"), asked.validated_data.get("to"))
        return Response(StatsSerializer(overview(self.business, signed_in(request), period)).data)
