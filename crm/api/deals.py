"""The API of deals, their stages and pipelines."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.forms import NumberInput
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import ModelChoiceFilter
from rest_framework import serializers

from accounts.models import User
from accounts.tenancy.api import TenantViewSet
from accounts.tenancy.filters import TenantFilterSet, TrueOrFalseFilter
from accounts.tenancy.scope import scope, signed_in
from accounts.tenancy.serializers import TenantRelatedField, TenantSerializer
from crm.deals.deals import note_move
from crm.deals.pipelines import first_pipeline
from crm.deals.stage_keys import free_key
from crm.models import Deal, DealPipeline, DealStage
from crm.models.deal import is_overdue


class DealPipelineSerializer(TenantSerializer):
    class Meta:
        model = DealPipeline
        fields = ["id", "name", "position"]


class DealStageSerializer(TenantSerializer):
    pipeline = TenantRelatedField(
        queryset=DealPipeline.objects.all(), required=False, help_text="The first pipeline when left out."
    )

    class Meta:
        model = DealStage
        fields = ["id", "pipeline", "key", "name", "position", "kind"]
        extra_kwargs = {"key": {"required": False, "help_text": "Made from the name when left out."}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            business = signed_in(self.context["request"]).business
            assert business is not None
            if "key" not in attrs:
                attrs["key"] = free_key(business.pk, attrs["name"])
            if "pipeline" not in attrs:
                attrs["pipeline"] = first_pipeline(business)
        validated: dict[str, Any] = super().validate(attrs)
        return validated


class DealSerializer(TenantSerializer):
    """
    `lost_reason` belongs to a deal in a lost stage, and goes when it leaves that. A program may leave it out where a
    person is asked for it.
    """

    pipeline = serializers.IntegerField(source="stage.pipeline_id", read_only=True, allow_null=True)
    responsible = TenantRelatedField(queryset=User.objects.filter(is_active=True), required=False, allow_null=True)

    class Meta:
        model = Deal
        fields = [
            "id",
            "customer",
            "conversation",
            "title",
            "amount",
            "currency",
            "pipeline",
            "stage",
            "lost_reason",
            "responsible",
            "next_step",
            "next_step_at",
            "moved_at",
            "created_at",
        ]
        read_only_fields = ["moved_at", "created_at"]
        extra_kwargs = {
            "currency": {"required": False, "help_text": "The business's currency when left out."},
            "moved_at": {"help_text": "Since when it is in its stage."},
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        stage = attrs.get("stage") or (self.instance and self.instance.stage)
        if attrs.get("lost_reason") and stage and not stage.is_lost:
            raise serializers.ValidationError({"lost_reason": [_("Only a deal in a lost stage has a reason.")]})
        validated: dict[str, Any] = super().validate(attrs)
        return validated

    def create(self, validated_data: dict[str, Any]) -> Deal:
        deal: Deal = super().create({"currency": validated_data["business"].currency, **validated_data})
        return deal

    @transaction.atomic
    def update(self, instance: Deal, validated_data: dict[str, Any]) -> Deal:
        """What a move to another stage brings is saved with the rest, and noted in the history."""
        before, stage = instance.stage, validated_data.pop("stage", instance.stage)
        moved = instance.put_into(stage, validated_data.get("lost_reason", instance.lost_reason))
        values = {**validated_data, **{name: getattr(instance, name) for name in moved}}
        deal: Deal = super().update(instance, values) if values else instance
        if before != stage:
            note_move(deal, before, signed_in(self.context["request"]))
        return deal


def _pipelines(request: Any) -> QuerySet[DealPipeline]:
    return scope(DealPipeline.objects.all(), signed_in(request))


class DealFilter(TenantFilterSet):
    pipeline = ModelChoiceFilter(field_name="stage__pipeline", queryset=_pipelines, widget=NumberInput)
    overdue = TrueOrFalseFilter(
        method="is_late", label="Overdue", help_text="Whether the next step should have been taken."
    )

    class Meta:
        model = Deal
        fields = ["customer", "conversation", "stage", "stage__kind", "responsible"]

    def is_late(self, queryset: QuerySet[Deal], name: str, value: bool) -> QuerySet[Deal]:
        late = Deal.objects.filter(is_overdue()).values("pk")
        return queryset.filter(pk__in=late) if value else queryset.exclude(pk__in=late)


class DealStageFilter(TenantFilterSet):
    class Meta:
        model = DealStage
        fields = ["pipeline", "key", "kind"]


class DealViewSet(TenantViewSet):
    """What customers may buy."""

    queryset = Deal.objects.select_related("stage")
    serializer_class = DealSerializer
    filterset_class = DealFilter


class DealStageViewSet(TenantViewSet):
    """The steps of the business's deals, in order."""

    queryset = DealStage.objects.all()
    serializer_class = DealStageSerializer
    filterset_class = DealStageFilter


class DealPipelineViewSet(TenantViewSet):
    """The ways that deals go, each with stages of its own. One through which deals go cannot be deleted."""

    queryset = DealPipeline.objects.all()
    serializer_class = DealPipelineSerializer
