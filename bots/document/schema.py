"""The document as JSON Schema (2020-12), in English whatever language is spoken."""

from typing import Any

from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from .scenario import Scenario


def scenario_schema(ref_template: str = DEFAULT_REF_TEMPLATE) -> dict[str, Any]:
    """
    The JSON Schema of a scenario document, with that of each object in it under `$defs`. What is checked beside a
    document's form (references, loops, names, patterns, addresses) no schema says.
    """
    schema = Scenario.model_json_schema(schema_generator=_Generator, ref_template=ref_template)
    return {"$schema": _Generator.schema_dialect, **schema}


class _Generator(GenerateJsonSchema):
    """Without nulls as defaults, which would be refused, and without titles that repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        json_schema = super().model_schema(schema)
        json_schema["description"] = " ".join(json_schema["description"].split())
        return json_schema

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False
