from typing import Any

from rest_framework import serializers

from accounts.office_hours import clean_office_hours
from accounts.tenancy.serializers import StrictSerializer, TenantSerializer
from bots.document.addresses import BadAddress, read_host
from bots.editor import allowed_hosts
from bots.models import AllowedHost, Bot, BotScenario, ScenarioVersion
from bots.simulation.simulation import MAX_MESSAGES

from .fields import DefinitionField


class BotSerializer(TenantSerializer):
    menu_words = serializers.ListField(child=serializers.CharField(max_length=50), max_length=20, required=False)
    operator_words = serializers.ListField(child=serializers.CharField(max_length=50), max_length=20, required=False)

    class Meta:
        model = Bot
        fields = [
            "id",
            "whatsapp_number",
            "name",
            "is_active",
            "priority",
            "menu_words",
            "operator_words",
            "operator_text",
            "office_hours",
            "created_at",
        ]
        read_only_fields = ["created_at"]

    def validate_office_hours(self, value: Any) -> dict[str, Any]:
        return clean_office_hours(value)


class AllowedHostSerializer(TenantSerializer):
    """
    `authorization` is written and never shown; `has_authorization` says whether there is one. A change of `host` or
    `allow_http` removes it, unless it is given anew.
    """

    authorization = serializers.CharField(
        write_only=True, required=False, allow_blank=True, max_length=2000, style={"input_type": "password"}
    )
    has_authorization = serializers.BooleanField(read_only=True)

    class Meta:
        model = AllowedHost
        fields = ["id", "host", "allow_http", "authorization", "has_authorization", "created_at"]
        read_only_fields = ["created_at"]

    def validate_host(self, value: Any) -> str:
        try:
            return read_host(value)
        except BadAddress as error:
            raise serializers.ValidationError(str(error)) from error

    def update(self, instance: Any, validated_data: dict[str, Any]) -> AllowedHost:
        allowed_hosts.change(instance, **validated_data)
        return instance


class BotScenarioSerializer(TenantSerializer):
    """`definition` is the draft: it may be unfinished, but it must be a scenario document in form."""

    definition = DefinitionField(required=False)

    class Meta:
        model = BotScenario
        fields = ["id", "bot", "name", "is_active", "definition", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]


class ScenarioVersionSerializer(serializers.ModelSerializer):
    definition = DefinitionField()

    class Meta:
        model = ScenarioVersion
        fields = ["id", "scenario", "number", "definition", "published_at", "published_by"]


class ProblemSerializer(serializers.Serializer):
    path = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ReportSerializer(serializers.Serializer):
    """What the check of a draft found; errors keep it from being published."""

    errors = ProblemSerializer(many=True)  # type: ignore[assignment]
    warnings = ProblemSerializer(many=True)


class SimulationSerializer(StrictSerializer):
    """What a customer writes, message by message."""

    messages = serializers.ListField(
        child=serializers.CharField(max_length=4096), allow_empty=False, max_length=MAX_MESSAGES
    )
    draft = serializers.BooleanField(default=False)
    answers = serializers.DictField(child=serializers.JSONField(), required=False)


class SimulatedAnswerSerializer(serializers.Serializer):
    text = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())


class SimulatedTurnSerializer(serializers.Serializer):
    def get_fields(self) -> Any:
        return {
            "in": serializers.CharField(source="text"),
            "out": SimulatedAnswerSerializer(many=True, source="answers"),
        }


class SimulatedTurnsSerializer(serializers.Serializer):
    turns = SimulatedTurnSerializer(many=True)
