from datetime import UTC
from typing import Any

from django.contrib.auth import logout
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.generics import RetrieveUpdateAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.deletion import deletion
from accounts.deletion.serializers import DeletionSerializer
from accounts.models import ApiToken, Business, Deletion, User
from accounts.people import registration, sign_in, team, tokens
from accounts.refusals import Refusal
from accounts.tenancy.api import ReadOnlyTenantViewSet, TenantScope, TenantViewSet, deletes, deletion_response
from accounts.tenancy.permissions import IsMember, RolePermission
from accounts.tenancy.scope import signed_in

from . import throttling
from .serializers import (
    BusinessSerializer,
    ChangePasswordSerializer,
    InvitedPersonSerializer,
    IssuedTokenSerializer,
    LoginSerializer,
    MeSerializer,
    PasswordSerializer,
    PersonSerializer,
    RegisteredSerializer,
    RegistrationSerializer,
    SignInSerializer,
    TokenSerializer,
)


class PublicView(APIView):
    """For callers without a token. One that is sent anyway, even an expired one, is ignored."""

    authentication_classes = []
    permission_classes = [AllowAny]
    serializer_class: type[serializers.Serializer[Any]]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        timezone.activate(UTC)
        super().initial(request, *args, **kwargs)

    def validated(self, request: Request) -> dict[str, Any]:
        serializer = self.serializer_class(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        validated: dict[str, Any] = serializer.validated_data
        return validated


class RegisterView(PublicView):
    serializer_class = RegistrationSerializer

    @extend_schema(request=RegistrationSerializer, responses={201: RegisteredSerializer})
    def post(self, request: Request) -> Response:
        """Open a business; whoever registers becomes its owner."""
        registration.check_registration_is_open()
        values = self.validated(request)
        throttling.check_registration_rate(request)
        owner = registration.register(**values)
        registered = {"token": tokens.sign_in(owner), "user": owner, "business": owner.business}
        return Response(RegisteredSerializer(registered).data, status=201)


class LoginView(PublicView):
    serializer_class = LoginSerializer

    @extend_schema(request=LoginSerializer, responses=SignInSerializer)
    def post(self, request: Request) -> Response:
        """A token that is valid for 30 days, renewed by use."""
        user = sign_in.check_password(request._request, **self.validated(request))
        if user is None:
            raise Refusal("wrong_credentials", _("The e-mail or the password is wrong."), status=401)
        sign_in.record_sign_in(request._request, user)
        return Response({"token": tokens.sign_in(user)})


class LogoutView(TenantScope, APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this sign-in: the token, or the browser's session."""
        if isinstance(request.auth, ApiToken):
            request.auth.delete()
        else:
            logout(request._request)
        return Response(status=204)


class MeView(TenantScope, RetrieveUpdateAPIView):
    """Whoever is signed in: name, language, role and business."""

    permission_classes = [IsMember]
    serializer_class = MeSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self) -> User:
        return signed_in(self.request)


def _check_own_password(request: Request, serializer: serializers.Serializer[Any], field: str) -> User:
    """Whoever is signed in, if their password is in the field. Failures count as those of signing in."""
    email, password = signed_in(request).email, serializer.validated_data[field]
    user = sign_in.check_password(request._request, email, password)
    if user is None:
        raise serializers.ValidationError({field: [_("This is not your password.")]})
    return user


class ChangePasswordView(TenantScope, APIView):
    permission_classes = [IsMember]

    @extend_schema(request=ChangePasswordSerializer, responses=SignInSerializer)
    def post(self, request: Request) -> Response:
        """Choose a new password. Every sign-in ends; the response holds a new token."""
        serializer = ChangePasswordSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = _check_own_password(request, serializer, "old_password")
        user.set_password(serializer.validated_data["new_password"])
        user.save(update_fields=["password"])
        return Response({"token": tokens.sign_in(user)})


class BusinessView(TenantScope, RetrieveUpdateAPIView):
    """The caller's business."""

    queryset = Business.objects.all()
    serializer_class = BusinessSerializer
    permission_classes = [RolePermission]
    http_method_names = ["get", "patch", "delete", "head", "options"]

    def get_object(self) -> Business:
        return self.business

    @deletes
    def delete(self, request: Request) -> Response:
        """
        Delete the business with everything it has, people included. The body holds the password of the owner who asks:
        `{"password": "…"}`. From then on nobody of the business can sign in.
        """
        serializer = PasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        _check_own_password(request, serializer, "password")
        return deletion_response(deletion.delete(self.business, requested_by=signed_in(request)))


class DeletionViewSet(ReadOnlyTenantViewSet):
    """Deletions under way, and the receipts of those that are done."""

    queryset = Deletion.objects.all()
    serializer_class = DeletionSerializer


class TeamViewSet(TenantViewSet):
    """The people of the business. Creating one invites them by e-mail; the response holds the link too."""

    queryset = User.objects.all()
    serializer_class = PersonSerializer

    def get_serializer_class(self) -> type[PersonSerializer]:
        return InvitedPersonSerializer if self.action == "create" else PersonSerializer

    def perform_create(self, serializer: Any) -> None:
        person = User(business=self.business, **serializer.validated_data)
        team.invite(person)
        serializer.instance = person

    def perform_destroy(self, instance: User) -> Deletion:  # type: ignore[override]
        return team.remove(instance, requested_by=signed_in(self.request))


class TokenViewSet(
    TenantScope, mixins.ListModelMixin, mixins.CreateModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """Keys for programs. A key is shown once, in the response that creates it."""

    queryset = ApiToken.objects.exclude(name="").select_related("user")
    serializer_class = TokenSerializer
    lookup_field = "token_key"
    lookup_url_kwarg = "id"

    def get_serializer_class(self) -> type[TokenSerializer]:
        return IssuedTokenSerializer if self.action == "create" else TokenSerializer

    def perform_create(self, serializer: Any) -> None:
        token = ApiToken(user=signed_in(self.request), **serializer.validated_data)
        serializer.instance = token
        serializer.instance.key = tokens.issue(token)
