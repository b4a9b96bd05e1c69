"""Views and viewsets that see one business only."""

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import APIRootView, DefaultRouter

from accounts.deletion import deletion
from accounts.deletion.serializers import DeletionSerializer
from accounts.models import Business, ChangedMeanwhile, Deletion

from .filters import check_parameters
from .permissions import IsMember
from .scope import scope, signed_in

if TYPE_CHECKING:
    Base = viewsets.GenericViewSet[Any]

    class DestroyBase(mixins.DestroyModelMixin, viewsets.GenericViewSet[Any]):
        pass
else:
    Base = object
    DestroyBase = mixins.DestroyModelMixin


class TenantScope(Base):
    """
    Narrow every queryset to the caller's business, speak the caller's language, write times in UTC, and refuse unknown
    parameters.
    """

    def perform_authentication(self, request: Request) -> None:
        timezone.activate(UTC)
        super().perform_authentication(request)
        if language := getattr(request.user, "language", ""):
            translation.activate(language)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_parameters(request, self)

    def handle_exception(self, exc: Exception) -> Response:
        """Whoever changes an outdated row is shown what it is now."""
        current = {}
        if isinstance(exc, ChangedMeanwhile):
            try:
                current = {"current": self.get_serializer(self.get_object()).data}
            except Http404 as gone:
                exc = gone
        response: Response = super().handle_exception(exc)
        if current:
            response.data |= current
        return response

    def get_queryset(self) -> QuerySet[Any]:
        queryset: QuerySet[Any] = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return scope(queryset, signed_in(self.request))

    @property
    def business(self) -> Business:
        """The caller's, where IsMember or RolePermission lets nobody else in."""
        return cast(Business, signed_in(self.request).business)

    def get_extra_action_url_map(self) -> dict[str, str]:
        """The links of the browsable pages: of a viewset's own actions, those with a GET."""
        if not isinstance(self, viewsets.ViewSetMixin):
            return {}
        actions: list[Any] = list(self.get_extra_actions())
        without_get = {
            type(self)(**action.kwargs).get_view_name() for action in actions if "get" not in action.mapping
        }
        return {name: url for name, url in super().get_extra_action_url_map().items() if name not in without_get}


#: Describes an operation that deletes, in the schema.
deletes = extend_schema(
    responses={
        204: OpenApiResponse(description="Gone."),
        202: OpenApiResponse(DeletionSerializer, description="Gone for everybody; a job deletes what depends on it."),
    }
)


def deletion_response(deletion: Deletion) -> Response:
    """204 when all of it is gone; 202 with the deletion when a job continues it."""
    if deletion.state == Deletion.State.DONE:
        return Response(status=204)
    return Response(DeletionSerializer(deletion).data, status=202)


class DestroyCascade(DestroyBase):
    """Delete a row with everything that depends on it, at once or by a job; a receipt stays."""

    @deletes
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return deletion_response(self.perform_destroy(self.get_object()))

    def perform_destroy(self, instance: Any) -> Deletion:  # type: ignore[override]  # DRF's returns nothing.
        return deletion.delete(instance, requested_by=signed_in(self.request))


class TenantViewSet(DestroyCascade, TenantScope, viewsets.ModelViewSet[Any]):
    """
    Rows of the caller's business. There is PATCH and no PUT. Creating and changing save the model; where there is a
    domain function for it, the viewset overrides perform_create and calls that.
    """

    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        serializer.save(business=self.business)


class ReadOnlyTenantViewSet(TenantScope, viewsets.ReadOnlyModelViewSet[Any]):
    """Rows of the caller's business, to read."""


class RootView(TenantScope, APIRootView):
    """The addresses of the lists that the caller may see."""

    permission_classes = [IsMember]
    # The viewset of each, by its prefix.
    view_classes: dict[str, type[Any]] = {}

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        listed = [prefix for prefix, view_class in self.view_classes.items() if self._may_list(view_class)]
        addresses = self.api_root_dict or {}
        self.api_root_dict = {prefix: addresses[prefix] for prefix in listed}
        return super().get(request, *args, **kwargs)

    def _may_list(self, view_class: type[Any]) -> bool:
        view = view_class(action="list", request=self.request, kwargs={})
        return all(permission.has_permission(self.request, view) for permission in view.get_permissions())


class TenantRouter(DefaultRouter):
    """DRF's router, with a RootView."""

    def get_api_root_view(self, api_urls: Any = None) -> Callable[..., HttpResponseBase]:
        names = {prefix: self.routes[0].name.format(basename=basename) for prefix, _view, basename in self.registry}
        classes = {prefix: viewset for prefix, viewset, _basename in self.registry}
        return RootView.as_view(api_root_dict=names, view_classes=classes)
