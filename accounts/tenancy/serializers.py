"""Serializers that cannot attach, reveal or overwrite another business's rows."""

from copy import copy
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.settings import api_settings

from accounts.names import NAME_FIELDS, is_visible

from .scope import scope, signed_in

if TYPE_CHECKING:
    PrimaryKeyRelatedField = serializers.PrimaryKeyRelatedField[Any]
else:
    PrimaryKeyRelatedField = serializers.PrimaryKeyRelatedField


class TenantRelatedField(PrimaryKeyRelatedField):
    """A foreign key as an id; another business's id does not exist."""

    # The browsable API offers a select of at most this many rows.
    html_cutoff = 200

    def get_queryset(self) -> QuerySet[Any] | None:
        queryset: QuerySet[Any] | None = super().get_queryset()
        request = self.context.get("request")
        if queryset is None:
            return None
        return scope(queryset, signed_in(request)) if request else queryset.none()


def errors_by_field(error: ValidationError) -> dict[str, Any]:
    """A model's ValidationError in the form of the API: what concerns no field is under `non_field_errors`."""
    errors: dict[str, Any] = serializers.as_serializer_error(error)
    whole = errors.pop(NON_FIELD_ERRORS, [])
    return {**errors, api_settings.NON_FIELD_ERRORS_KEY: whole} if whole else errors


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses keys it does not know, so that a misspelt one is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) - {"csrfmiddlewaretoken"} if hasattr(data, "keys") else set()
        if unknown:
            raise serializers.ValidationError({key: [_("Unknown field.")] for key in sorted(unknown)})
        return self._with_visible_names(super().to_internal_value(data))

    def _with_visible_names(self, values: Any) -> Any:
        """The values with a name in which nothing can be seen taken for an empty one."""
        for name in NAME_FIELDS & self.fields.keys():
            field, text = self.fields[name], values.get(name)
            if isinstance(field, serializers.CharField) and isinstance(text, str) and text and not is_visible(text):
                if not field.allow_blank:
                    raise serializers.ValidationError({name: [field.error_messages["blank"]]})
                values[name] = ""
        return values


class TenantSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """
    A model serializer inside one business: foreign keys are scoped, unknown keys are refused, and what breaks the
    model's own rules (`clean` and the database's constraints) is a 400 on its field.
    """

    serializer_related_field = TenantRelatedField

    def validate(self, attrs: Any) -> Any:
        attrs = super().validate(attrs)
        candidate = self._candidate(attrs)
        try:
            candidate.clean()
            candidate.validate_constraints()
        except ValidationError as error:
            raise serializers.ValidationError(errors_by_field(error)) from error
        return attrs

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """Save what is given and no more, so that what somebody else writes at the same moment stays."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        touched = {field.name for field in instance._meta.fields if getattr(field, "auto_now", False)}
        instance.save(update_fields={*validated_data, *touched})
        return instance

    def _candidate(self, attrs: dict[str, Any]) -> Any:
        """The row as it would be saved, to be checked by the model's own rules."""
        model: type[Model] = self.Meta.model
        collections = {field.name for field in model._meta.many_to_many}
        known = {field.name for field in model._meta.fields} | {field.attname for field in model._meta.fields}
        candidate: Any = copy(self.instance) if self.instance else model()
        for name, value in attrs.items():
            if name in known and name not in collections:
                setattr(candidate, name, value)
        if hasattr(model, "business") and not candidate.business_id:
            candidate.business_id = signed_in(self.context["request"]).business_id
        return candidate
