"""Serializers that cannot attach, reveal or overwrite another business's rows."""

from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.settings import api_settings

from accounts.models import Revisioned
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


class TimeField(serializers.DateTimeField):
    """A moment. A time without an offset is none: it would be another one in each time zone."""

    default_error_messages = {
        "no_offset": _(
            "Which time zone is this in? Write the time with its offset, like {example}, or with a Z for UTC. The"
            " business's time zone is {zone}."
        )
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if timezone.is_naive(value):
            business = signed_in(self.context["request"]).business
            zone = business.time_zone if business else "UTC"
            self.fail("no_offset", example=value.replace(tzinfo=ZoneInfo(zone)).isoformat(), zone=zone)
        moment: datetime = super().enforce_timezone(value)
        return moment


class RevisionField(serializers.IntegerField):
    """How often a row was edited. Sent along with a change, it says of which revision the change is."""

    def __init__(self) -> None:
        help_text = (
            "Counts the edits of the row. Sent with a change, it must be the revision that you read: else the answer"
            " is 409 `changed_meanwhile` with the row as it is now in `current`, and nothing is changed. Without it"
            " the change is made whatever the revision is."
        )
        super().__init__(required=False, min_value=1, help_text=help_text)


class RevisionSerializer(StrictSerializer):
    """The revision that was looked at; without it, whatever is there now is meant."""

    revision = RevisionField()

    @classmethod
    def revision_in(cls, request: Request) -> int | None:
        """The revision that a body names; None where it names none. Raises ValidationError."""
        serializer = cls(data=request.data or {})
        serializer.is_valid(raise_exception=True)
        revision: int | None = serializer.validated_data.get("revision")
        return revision


class TenantSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """
    A model serializer inside one business: foreign keys are scoped, unknown keys are refused, and what breaks the
    model's own rules (`clean` and the database's constraints) is a 400 on its field. A row that counts its edits has
    `revision`: raises ChangedMeanwhile for a change of another one than the row is of.
    """

    serializer_related_field = TenantRelatedField
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {models.DateTimeField: TimeField}

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        return {**fields, "revision": RevisionField()} if issubclass(self.Meta.model, Revisioned) else fields

    def validate(self, attrs: Any) -> Any:
        attrs = super().validate(attrs)
        revision = attrs.pop("revision", None)
        if isinstance(self.instance, Revisioned):
            self.instance.expect(revision)
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
