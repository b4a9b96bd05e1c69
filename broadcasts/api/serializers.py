from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.tenancy.serializers import StrictSerializer, TenantSerializer, errors_by_field
from broadcasts import audience, parameters
from broadcasts.labels import paused_text
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.progress import STATES
from crm.api.serializers import MessageErrorSerializer, PricingSerializer
from whatsapp.phone_numbers import normalize_phone


class AudienceSerializer(serializers.Serializer):
    """
    Who receives the broadcast: (any ∪ customers) ∩ all − none. `everyone` stands in the place of `tags_any` and
    `customers`, and comes without them.
    """

    tags_any = serializers.ListField(child=serializers.CharField(), required=False)
    tags_all = serializers.ListField(child=serializers.CharField(), required=False)
    tags_none = serializers.ListField(child=serializers.CharField(), required=False)
    customers = serializers.ListField(child=serializers.IntegerField(), required=False)
    everyone = serializers.BooleanField(required=False)


@extend_schema_field(AudienceSerializer)
class AudienceField(serializers.JSONField):
    """The audience document, checked by the module that reads it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        document = super().to_internal_value(data)
        try:
            return audience.clean(self.context["request"].user.business, document)
        except ValidationError as error:
            raise serializers.ValidationError(getattr(error, "message_dict", error.messages)) from error


class BroadcastSerializer(TenantSerializer):
    audience = AudienceField()
    paused_reason = serializers.SerializerMethodField()
    parameters = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=parameters.MAX_TEXT),
        required=False,
        help_text='Placeholder of the template → text, which may hold {{customer.name|default:"…"}}.',
    )

    class Meta:
        model = Broadcast
        fields = [
            "id",
            "whatsapp_number",
            "name",
            "template",
            "parameters",
            "audience",
            "scheduled_at",
            "status",
            "paused_reason",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = ["status", "paused_reason", "created_at", "started_at", "finished_at"]

    def get_paused_reason(self, broadcast: Broadcast) -> str:
        """Why it is paused, and whether Meta lets it go on by now."""
        return paused_text(broadcast)

    def validate_parameters(self, value: dict[str, str]) -> dict[str, str]:
        try:
            parameters.check_texts(value)
        except ValidationError as error:
            raise serializers.ValidationError(errors_by_field(error)["parameters"]) from error
        return value


class TestSerializer(StrictSerializer):
    """Who receives the test."""

    to = serializers.CharField(help_text="A phone, written in any usual way.")

    def validate_to(self, value: str) -> str:
        return normalize_phone(value, self.context["request"].user.business.country)


class SkipsSerializer(serializers.Serializer):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class FailuresSerializer(serializers.Serializer):
    code = serializers.IntegerField(allow_null=True)
    title = serializers.CharField()
    count = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer):
    """The nine states, from `planned` to `unknown`, sum to `total`."""

    status = serializers.ChoiceField(Broadcast.Status.choices)
    total = serializers.IntegerField()
    rate = serializers.FloatField(help_text="Messages a second, lately.")
    eta_seconds = serializers.IntegerField(allow_null=True)
    skips = SkipsSerializer(many=True)
    failures = FailuresSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return super().get_fields() | {state.value: serializers.IntegerField() for state in STATES}


class BroadcastMessageSerializer(TenantSerializer):
    status = serializers.ChoiceField(STATES, read_only=True)
    text = serializers.CharField(read_only=True, help_text="What the person reads.")
    error = serializers.SerializerMethodField()
    pricing = PricingSerializer(read_only=True, allow_null=True)

    class Meta:
        model = BroadcastMessage
        fields = [
            "id",
            "broadcast",
            "customer",
            "status",
            "skip_reason",
            "parameters",
            "text",
            "wamid",
            "error",
            "pricing",
            "created_at",
            "accepted_at",
            "sent_at",
            "delivered_at",
            "read_at",
        ]
        read_only_fields = fields

    @extend_schema_field(MessageErrorSerializer(allow_null=True))
    def get_error(self, message: BroadcastMessage) -> dict[str, Any] | None:
        if message.error_code is None and not message.error_title:
            return None
        return {"code": message.error_code, "title": message.error_title}
