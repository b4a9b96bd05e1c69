from datetime import UTC

from django.contrib.auth import logout
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.generics import RetrieveUpdateAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.deletion import deletion
from accounts.deletion.serializers import DeletionSerializer
from accounts.models import ApiToken, Business, Deletion, User
from accounts.people import registration, sign_in, team, tokens
from accounts.refusals import Refusal
from accounts.tenancy.api import ReadOnlyTenantViewSet, TenantScope, TenantViewSet, answer_to_deletion, deletes
from accounts.tenancy.permissions import IsMember, RolePermission

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
    """For whoever has no token yet. A token that is sent all the same, even an old one, is not looked at."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request, *args, **kwargs):
        timezone.activate(UTC)
        super().initial(request, *args, **kwargs)

    def validated(self, request):
        serializer = self.serializer_class(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class RegisterView(PublicView):
    serializer_class = RegistrationSerializer

    @extend_schema(request=RegistrationSerializer, responses={201: RegisteredSerializer})
    def post(self, request):
        """Open a business; the person who asks becomes its owner."""
        registration.check_registration_is_open()
        asked = self.validated(request)
        throttling.check_registration_rate(request)
        owner = registration.register(**asked)
        answer = {"token": tokens.sign_in(owner), "user": owner, "business": owner.business}
        return Response(RegisteredSerializer(answer).data, status=201)


class LoginView(PublicView):
    serializer_class = LoginSerializer

    @extend_schema(request=LoginSerializer, responses=SignInSerializer)
    def post(self, request):
        """A token that lives 30 days, renewed by use."""
        user = sign_in.check_password(request._request, **self.validated(request))
        if user is None:
            raise Refusal("wrong_credentials", _("The e-mail or the password is wrong."), status=401)
        sign_in.signed_in(request._request, user)
        return Response({"token": tokens.sign_in(user)})


class LogoutView(TenantScope, APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def post(self, request):
        """End this sign-in: the token, or the browser's session."""
        if isinstance(request.auth, ApiToken):
            request.auth.delete()
        else:
            logout(request._request)
        return Response(status=204)


class MeView(TenantScope, RetrieveUpdateAPIView):
    """Who asks: name, language, role and business."""

    permission_classes = [IsMember]
    serializer_class = MeSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self):
        return self.request.user


def own_password(request, serializer, field):
    """The person who asks, whose password is in a field. Failed tries are counted as those of signing in."""
    user = sign_in.check_password(request._request, request.user.email, serializer.validated_data[field])
    if user is None:
        raise serializers.ValidationError({field: [_("This is not your password.")]})
    return user


class ChangePasswordView(TenantScope, APIView):
    permission_classes = [IsMember]

    @extend_schema(request=ChangePasswordSerializer, responses=SignInSerializer)
    def post(self, request):
        """Choose a new password. Every sign-in ends; the answer holds a new token."""
        serializer = ChangePasswordSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = own_password(request, serializer, "old_password")
        user.set_password(serializer.validated_data["new_password"])
        user.save(update_fields=["password"])
        return Response({"token": tokens.sign_in(user)})


class BusinessView(TenantScope, RetrieveUpdateAPIView):
    """The business of the person who asks."""

    queryset = Business.objects.all()
    serializer_class = BusinessSerializer
    permission_classes = [RolePermission]
    http_method_names = ["get", "patch", "delete", "head", "options"]

    def get_object(self):
        return self.business

    @deletes
    def delete(self, request):
        """
        Delete the business with all it has, people included. The body holds the password of the owner who asks:
        `{"password": "…"}`. From then on nobody of the business can sign in.
        """
        serializer = PasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        own_password(request, serializer, "password")
        return answer_to_deletion(deletion.delete(self.business, requested_by=request.user))


class DeletionViewSet(ReadOnlyTenantViewSet):
    """What is being deleted, and the receipts of what was."""

    queryset = Deletion.objects.all()
    serializer_class = DeletionSerializer


class TeamViewSet(TenantViewSet):
    """The people of the business. Creating one invites them by e-mail; the answer holds the link for handing over."""

    queryset = User.objects.all()
    serializer_class = PersonSerializer

    def get_serializer_class(self):
        return InvitedPersonSerializer if self.action == "create" else PersonSerializer

    def perform_create(self, serializer):
        serializer.instance = User(business=self.business, **serializer.validated_data)
        team.invite(serializer.instance)

    def perform_destroy(self, person):
        return team.remove(person, requested_by=self.request.user)


class TokenViewSet(
    TenantScope, mixins.ListModelMixin, mixins.CreateModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet
):
    """Keys for programs. A key is shown once, in the answer that creates it."""

    queryset = ApiToken.objects.exclude(name="").select_related("user")
    serializer_class = TokenSerializer
    lookup_field = "token_key"
    lookup_url_kwarg = "id"

    def get_serializer_class(self):
        return IssuedTokenSerializer if self.action == "create" else TokenSerializer

    def perform_create(self, serializer):
        serializer.instance = ApiToken(user=self.request.user, **serializer.validated_data)
        serializer.instance.key = tokens.issue(serializer.instance)
