"""Serializers that cannot attach, reveal or overwrite another business's rows."""

from copy import copy
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.settings import api_settings

from .scope import scope


class TenantRelatedField(serializers.PrimaryKeyRelatedField):
    """A foreign key as an id; another business's id does not exist."""

    # The browsable API offers a select of at most this many rows.
    html_cutoff = 200

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        request = self.context.get("request")
        if queryset is None:
            return None
        return scope(queryset, request.user) if request else queryset.none()


def by_field(error: Any) -> dict[str, Any]:
    """A model's ValidationError as the API words it: what concerns no field is under `non_field_errors`."""
    errors = serializers.as_serializer_error(error)
    whole = errors.pop(NON_FIELD_ERRORS, [])
    return {**errors, api_settings.NON_FIELD_ERRORS_KEY: whole} if whole else errors


class StrictSerializer(serializers.Serializer):
    """A serializer that refuses keys it does not know, so that a misspelt one is not silently lost."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) - {"csrfmiddlewaretoken"} if hasattr(data, "keys") else set()
        if unknown:
            raise serializers.ValidationError({key: [_("Unknown field.")] for key in sorted(unknown)})
        return super().to_internal_value(data)


class TenantSerializer(StrictSerializer, serializers.ModelSerializer):
    """
    A model serializer inside one business: foreign keys are scoped, unknown keys are refused, and the model's own
    rules (`clean` and the database's constraints) answer as a 400 on their field.
    """

    serializer_related_field = TenantRelatedField

    def validate(self, attrs: Any) -> Any:
        attrs = super().validate(attrs)
        candidate = self.candidate(attrs)
        try:
            candidate.clean()
            candidate.validate_constraints()
        except ValidationError as error:
            raise serializers.ValidationError(by_field(error)) from error
        return attrs

    def update(self, instance: Any, validated_data: Any) -> Any:
        """Save what is given and no more: what somebody else writes at the same moment stays."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        touched = {field.name for field in instance._meta.fields if getattr(field, "auto_now", False)}
        instance.save(update_fields={*validated_data, *touched})
        return instance

    def candidate(self, attrs: Any) -> Any:
        """The row as it would be saved, to be checked by the model's own rules."""
        model = self.Meta.model
        collections = {field.name for field in model._meta.many_to_many}
        known = {field.name for field in model._meta.fields} | {field.attname for field in model._meta.fields}
        candidate = copy(self.instance) if self.instance else model()
        for name, value in attrs.items():
            if name in known and name not in collections:
                setattr(candidate, name, value)
        if hasattr(model, "business") and not candidate.business_id:
            candidate.business_id = self.context["request"].user.business_id
        return candidate
