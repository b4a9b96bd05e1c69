"""Canned replies by API: the caller's own, and everybody's."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import Deletion
from accounts.tenancy.api import TenantViewSet
from accounts.tenancy.filters import TenantFilterSet
from accounts.tenancy.scope import signed_in
from accounts.tenancy.serializers import TenantRelatedField, TenantSerializer, errors_by_field
from crm.conversations import saved_replies
from crm.models import SavedReply


class SavedReplyField(TenantRelatedField):
    """A reply that the caller may use."""

    def get_queryset(self) -> QuerySet[Any] | None:
        queryset: Any = super().get_queryset()
        request = self.context.get("request")
        return queryset.visible_to(signed_in(request)) if request and queryset is not None else queryset


class SavedReplySerializer(TenantSerializer):
    """A canned reply. `is_shared`: everybody's, which managers write; else the caller's own."""

    is_shared = serializers.BooleanField(required=False)

    class Meta:
        model = SavedReply
        fields = ["id", "shortcut", "text", "is_shared", "created_at"]
        read_only_fields = ["created_at"]

    def validate_shortcut(self, value: str) -> str:
        return saved_replies.as_shortcut(value)

    def validate_text(self, value: str) -> str:
        try:
            saved_replies.check_text(value)
        except ValidationError as error:
            raise serializers.ValidationError(errors_by_field(error)["text"]) from error
        return value

    def validate(self, attrs: Any) -> Any:
        user = signed_in(self.context["request"])
        was_shared = self.instance is not None and self.instance.is_shared
        is_shared = attrs.pop("is_shared", was_shared)
        saved_replies.check_may_write(user, is_shared or was_shared)
        if self.instance is None or is_shared != was_shared:
            attrs["owner"] = None if is_shared else user
        return super().validate(attrs)


class SavedReplyFilter(TenantFilterSet):
    class Meta:
        model = SavedReply
        fields = ["shortcut"]


class SavedReplyViewSet(TenantViewSet):
    """Texts that are sent again and again: everybody's, and the caller's own."""

    queryset = SavedReply.objects.all()
    serializer_class = SavedReplySerializer
    filterset_class = SavedReplyFilter

    def get_queryset(self) -> QuerySet[SavedReply]:
        queryset: Any = super().get_queryset()
        return queryset if getattr(self, "swagger_fake_view", False) else queryset.visible_to(signed_in(self.request))

    def perform_destroy(self, instance: SavedReply) -> Deletion:  # type: ignore[override]  # As DestroyCascade's.
        saved_replies.check_may_write(signed_in(self.request), instance.is_shared)
        return super().perform_destroy(instance)
