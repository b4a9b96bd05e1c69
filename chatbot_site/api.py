from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.plans import PLANS
from accounts.tenancy.api import TenantScope
from accounts.tenancy.permissions import IsMember, RolePermission
from accounts.tenancy.scope import signed_in

from .overview import overview
from .serializers import StatsSerializer, SubscriptionSerializer
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

    @extend_schema(responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        """What needs a person, and what happened today."""
        return Response(StatsSerializer(overview(self.business, signed_in(request))).data)
