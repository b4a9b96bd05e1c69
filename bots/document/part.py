"""What every object in a scenario document is."""

from inspect import isclass
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


class Part(BaseModel):
    """An object with known keys, which nobody changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def fields_by_key(cls) -> dict[str, FieldInfo]:
        """The fields by the keys under which they stand in the document."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def literals(cls, key: str) -> tuple[str, ...]:
        """The values of which one stands under a key."""
        return get_args(cls.fields_by_key()[key].annotation)

    @classmethod
    def kind_name(cls) -> str:
        """The value of `kind`; empty for parts that have none."""
        return cls.literals("kind")[0] if "kind" in cls.model_fields else ""


def parts_in(annotation: Any) -> dict[str, type[Part]]:
    """The parts of which an annotation speaks, by kind."""
    if isclass(annotation) and issubclass(annotation, Part):
        return {annotation.kind_name(): annotation}
    return {kind: part for argument in get_args(annotation) for kind, part in parts_in(argument).items()}
