"""Views and viewsets that see one business only."""

from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import APIRootView, DefaultRouter

from accounts.deletion import deletion
from accounts.deletion.serializers import DeletionSerializer
from accounts.models import Business

from .filters import refuse_unknown_parameters
from .permissions import IsMember
from .scope import scope

if TYPE_CHECKING:
    Base = viewsets.GenericViewSet[Any]
else:
    Base = object


class TenantScope(Base):
    """
    Narrow every queryset to the caller's business, speak the caller's language, write times in UTC, and refuse what
    the query does not know.
    """

    def perform_authentication(self, request: Any) -> None:
        timezone.activate(UTC)
        super().perform_authentication(request)
        if getattr(request.user, "language", ""):
            translation.activate(request.user.language)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown_parameters(request, self)

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return scope(queryset, self.request.user)

    @property
    def business(self) -> Business:
        return self.request.user.business

    def get_extra_action_url_map(self) -> dict[str, str]:
        """What the browsable pages link to: of a viewset's own actions those that can be looked at."""
        if not isinstance(self, viewsets.ViewSetMixin):
            return {}
        to_write = {
            type(self)(**action.kwargs).get_view_name()
            for action in self.get_extra_actions()
            if "get" not in action.mapping
        }
        return {name: url for name, url in super().get_extra_action_url_map().items() if name not in to_write}


#: Describes an operation that deletes.
deletes = extend_schema(
    responses={
        204: OpenApiResponse(description="Gone."),
        202: OpenApiResponse(DeletionSerializer, description="Gone for whoever asks; a job deletes what hangs on it."),
    }
)


def answer_to_deletion(asked: Any) -> Response:
    """204 when all of it is gone, 202 with the deletion when a job goes on with it."""
    if asked.state == asked.State.DONE:
        return Response(status=204)
    return Response(DeletionSerializer(asked).data, status=202)


class DestroyCascade(mixins.DestroyModelMixin):
    """Delete a row with all that hangs on it, at once or by a job; a receipt stays."""

    @deletes
    def destroy(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return answer_to_deletion(self.perform_destroy(self.get_object()))

    def perform_destroy(self, instance: Any) -> Any:
        """Returns the Deletion."""
        return deletion.delete(instance, requested_by=self.request.user)


class TenantViewSet(DestroyCascade, TenantScope, viewsets.ModelViewSet):
    """
    Rows of the caller's business. PUT is left out: PATCH says what changes. Creating and changing save the model;
    where there is a domain function for it, the viewset overrides perform_create and calls that.
    """

    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: Any) -> None:
        serializer.save(business=self.business)


class ReadOnlyTenantViewSet(TenantScope, viewsets.ReadOnlyModelViewSet):
    """Rows of the caller's business, to look at."""


class RootView(TenantScope, APIRootView):
    """The addresses of the lists that the caller may see. `view_classes` has the viewset of each."""

    permission_classes = [IsMember]
    view_classes: dict[str, type[Any]] = {}

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        listed = [prefix for prefix, view_class in self.view_classes.items() if self._may_list(view_class)]
        self.api_root_dict = {prefix: self.api_root_dict[prefix] for prefix in listed}
        return super().get(request, *args, **kwargs)

    def _may_list(self, view_class: type[Any]) -> bool:
        view = view_class(action="list", request=self.request, kwargs={})
        return all(permission.has_permission(self.request, view) for permission in view.get_permissions())


class TenantRouter(DefaultRouter):
    def get_api_root_view(self, api_urls: Any = None) -> Any:
        names = {prefix: self.routes[0].name.format(basename=basename) for prefix, _view, basename in self.registry}
        classes = {prefix: viewset for prefix, viewset, _basename in self.registry}
        return RootView.as_view(api_root_dict=names, view_classes=classes)
