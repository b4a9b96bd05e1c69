"""Views and viewsets that see one business only."""

from datetime import UTC

from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.response import Response
from rest_framework.routers import APIRootView, DefaultRouter

from accounts.deletion import deletion
from accounts.deletion.serializers import DeletionSerializer
from accounts.models import Business

from .filters import refuse_unknown_parameters
from .permissions import IsMember
from .scope import scope


class TenantScope:
    """
    Narrow every queryset to the caller's business, speak the caller's language, write times in UTC, and refuse what
    the query does not know.
    """

    def perform_authentication(self, request):
        timezone.activate(UTC)
        super().perform_authentication(request)
        if getattr(request.user, "language", ""):
            translation.activate(request.user.language)

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        refuse_unknown_parameters(request, self)

    def get_queryset(self):
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return scope(queryset, self.request.user)

    @property
    def business(self) -> Business:
        return self.request.user.business


#: Describes an operation that deletes.
deletes = extend_schema(
    responses={
        204: OpenApiResponse(description="Gone."),
        202: OpenApiResponse(DeletionSerializer, description="Gone for whoever asks; a job deletes what hangs on it."),
    }
)


def answer_to_deletion(asked):
    """204 when all of it is gone, 202 with the deletion when a job goes on with it."""
    if asked.state == asked.State.DONE:
        return Response(status=204)
    return Response(DeletionSerializer(asked).data, status=202)


class DestroyCascade(mixins.DestroyModelMixin):
    """Delete a row with all that hangs on it, at once or by a job; a receipt stays."""

    @deletes
    def destroy(self, request, *args, **kwargs):
        return answer_to_deletion(self.perform_destroy(self.get_object()))

    def perform_destroy(self, instance):
        """Returns the Deletion."""
        return deletion.delete(instance, requested_by=self.request.user)


class TenantViewSet(DestroyCascade, TenantScope, viewsets.ModelViewSet):
    """
    Rows of the caller's business. PUT is left out: PATCH says what changes. Creating and changing save the model;
    where there is a domain function for it, the viewset overrides perform_create and calls that.
    """

    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer):
        serializer.save(business=self.business)


class ReadOnlyTenantViewSet(TenantScope, viewsets.ReadOnlyModelViewSet):
    """Rows of the caller's business, to look at."""


class RootView(TenantScope, APIRootView):
    """The addresses of the lists."""

    permission_classes = [IsMember]


class TenantRouter(DefaultRouter):
    APIRootView = RootView
