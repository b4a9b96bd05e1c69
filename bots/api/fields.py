from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from bots.document.schema import scenario_schema
from bots.document.validator import validate


class DefinitionField(serializers.JSONField):
    """A scenario document. It may be unfinished, but its form must be right."""

    def to_internal_value(self, data: Any) -> Any:
        definition = super().to_internal_value(data)
        if problems := validate(definition).misshapen:
            raise serializers.ValidationError([str(problem) for problem in problems])
        return definition


class DefinitionSchema(OpenApiSerializerFieldExtension):
    """The document's own schema, and those of its parts as components."""

    target_class = "bots.api.fields.DefinitionField"

    def get_name(self) -> str:
        return "ScenarioDocument"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        schema = scenario_schema(ref_template="#/components/schemas/Scenario{model}")
        del schema["$schema"]
        for name, part in schema.pop("$defs").items():
            name = f"Scenario{name}"
            component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=part)
            auto_schema.registry.register_on_missing(component)
        return schema
