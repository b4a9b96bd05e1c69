from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.tenancy.serializers import TenantSerializer
from whatsapp.message_templates.reasons import reason_text
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.models.number import meta_id
from whatsapp.numbers.issues import issues_of
from whatsapp.numbers.stored_json import objects, texts
from whatsapp.phone_numbers import normalize_phone


class NumberNeedSerializer(serializers.Serializer):
    """One thing about a number that needs a person."""

    code = serializers.CharField()
    text = serializers.CharField()


class TextsField(serializers.ListField):
    """A stored list of texts. Anything else that is in it is left out."""

    child = serializers.CharField()

    def to_representation(self, data: object) -> list[str]:
        return texts(data)


class WhatsAppNumberSerializer(TenantSerializer):
    access_token = serializers.CharField(write_only=True, trim_whitespace=True, style={"input_type": "password"})
    app_secret = serializers.CharField(
        write_only=True, required=False, allow_blank=True, style={"input_type": "password"}
    )

    subscribed_apps = TextsField(read_only=True, allow_null=True)
    needs = serializers.SerializerMethodField()

    class Meta:
        model = WhatsAppNumber
        fields = [
            "id",
            "name",
            "phone_number",
            "phone_number_id",
            "waba_id",
            "access_token",
            "app_secret",
            "is_active",
            "status",
            "problem",
            "needs",
            "quality_rating",
            "verified_name",
            "meta_status",
            "name_status",
            "messaging_limit",
            "throughput",
            "token_expires_at",
            "subscribed_apps",
            "messages_per_second",
            "read_receipts",
            "checked_at",
            "created_at",
        ]
        read_only_fields = [
            "status",
            "problem",
            "quality_rating",
            "verified_name",
            "meta_status",
            "name_status",
            "messaging_limit",
            "throughput",
            "token_expires_at",
            "checked_at",
            "created_at",
        ]
        # No check that it is unique: only Meta can say whose an ID is.
        extra_kwargs = {"phone_number_id": {"validators": [meta_id]}}

    @extend_schema_field(NumberNeedSerializer(many=True))
    def get_needs(self, number: WhatsAppNumber) -> list[dict[str, str]]:
        """What needs a person, with what to do about it."""
        return [asdict(need) for need in issues_of(number, timezone.now())]

    def validate_phone_number(self, value: str) -> str:
        try:
            return normalize_phone(value, self.context["request"].user.business.country)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, code="invalid_phone") from error


class DeletePreviewSerializer(serializers.Serializer):
    """How many rows of each kind deleting the number would remove."""

    bots = serializers.IntegerField()
    bot_scenarios = serializers.IntegerField()
    conversations = serializers.IntegerField()
    messages = serializers.IntegerField()
    broadcasts = serializers.IntegerField()
    broadcast_messages = serializers.IntegerField()


class ComponentsField(serializers.ListField):
    """A template's components as Meta gave them. Anything in the list that is no object is left out."""

    child = serializers.DictField()

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        return objects(data)


class MessageTemplateSerializer(TenantSerializer):
    components = ComponentsField(read_only=True)
    rejection_text = serializers.SerializerMethodField()

    class Meta:
        model = MessageTemplate
        fields = [
            "id",
            "waba_id",
            "name",
            "language",
            "category",
            "previous_category",
            "correct_category",
            "status",
            "rejection_reason",
            "rejection_text",
            "status_date",
            "quality_score",
            "parameter_format",
            "components",
        ]
        read_only_fields = fields

    def get_rejection_text(self, template: MessageTemplate) -> str:
        """Why Meta rejected, paused or disabled it, and what to do about it; empty when it did not."""
        return reason_text(template)


class SyncedSerializer(serializers.Serializer):
    """How many templates Meta has, how many of them are new here, how many are gone."""

    total = serializers.IntegerField()
    created = serializers.IntegerField()
    deleted = serializers.IntegerField()
