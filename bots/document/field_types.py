"""
The kinds of values in a scenario document, as annotations of pydantic: what each accepts, the type of the error where
it does not (errors.py has the sentences), and how JSON Schema says it.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from .limits import MAX_JSON, MAX_JSON_DEPTH, MAX_KEY, MAX_RULE_VALUE

T = TypeVar("T")

#: Keys of steps and choices: what WhatsApp carries back in the id of a tapped button.
KEY = re.compile(rf"[\w-]{{1,{MAX_KEY}}}")
#: What no database stores and no request transmits.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

JsonSchema = dict[str, Any]


def _error(type: str, **context: Any) -> PydanticCustomError:
    # The sentences are those of errors.py.
    return PydanticCustomError(type, type, context)


class _Checked:
    """A value that is looked at before pydantic does; `schema_keywords` are those of JSON Schema."""

    def check(self, value: Any) -> Any:
        raise NotImplementedError

    def schema_keywords(self) -> JsonSchema:
        return {}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {**handler(schema), **self.schema_keywords()}


@dataclass(frozen=True)
class Text(_Checked):
    """Text of 1 to `limit` characters that are not all blank."""

    limit: int

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise _error("string_type")
        if UNSTORABLE.search(value):
            raise _error("bad_character")
        if not value.strip():
            raise _error("required")
        if len(value) > self.limit:
            raise _error("too_long", limit=self.limit, length=len(value))
        return value

    def schema_keywords(self) -> JsonSchema:
        return {"minLength": 1, "maxLength": self.limit, "pattern": r"\S"}


class _Key(_Checked):
    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise _error("string_type")
        if not KEY.fullmatch(value):
            raise _error("bad_key" if value else "required")
        return value

    def schema_keywords(self) -> JsonSchema:
        # Letters of every script: dialects of patterns differ in how they name them.
        return {"minLength": 1, "maxLength": MAX_KEY, "pattern": r"^\S+$"}


#: The name of a step, a choice or a saved value.
Key = Annotated[str, _Key()]


@dataclass(frozen=True)
class Whole(_Checked):
    """A whole number."""

    least: int
    most: int

    def check(self, value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _error("int_type")
        if not self.least <= value <= self.most:
            raise _error("out_of_range", least=self.least, most=self.most)
        return value

    def schema_keywords(self) -> JsonSchema:
        return {"minimum": self.least, "maximum": self.most}


class _Scalar(_Checked):
    def check(self, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise _error("not_finite")
        return value if isinstance(value, bool | int | float) else Text(MAX_RULE_VALUE).check(value)

    def schema_keywords(self) -> JsonSchema:
        return {"minLength": 1, "maxLength": MAX_RULE_VALUE}


#: A text, a number, or yes or no.
Scalar = Annotated[str | bool | int | float, _Scalar()]


class _Json(_Checked):
    def check(self, value: Any) -> Any:
        if not _is_storable(value, MAX_JSON_DEPTH):
            raise _error("unstorable_json")
        if len(json.dumps(value, ensure_ascii=False)) > MAX_JSON:
            raise _error("too_large")
        return value


#: Any JSON that is not too large.
Json = Annotated[Any, _Json()]


def _is_storable(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return not UNSTORABLE.search(value)
    if isinstance(value, dict | list) and not depth:
        return False
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_storable(key, depth) for key in value) and all(
            _is_storable(item, depth - 1) for item in value.values()
        )
    if isinstance(value, list):
        return all(_is_storable(item, depth - 1) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


@dataclass(frozen=True)
class Items:
    """At most so many items. What is wrong with each is found also where they are too many."""

    limit: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        json_schema = handler(schema)
        return {**json_schema, "maxItems" if json_schema["type"] == "array" else "maxProperties": self.limit}

    def check(self, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        too_many = _error("too_many", most=self.limit)
        is_too_long = isinstance(value, list | dict) and len(value) > self.limit
        try:
            items = handler(value)
        except ValidationError as error:
            if not is_too_long:
                raise
            found = [InitErrorDetails(type=too_many, input=None), *map(_again, error.errors(include_url=False))]
            raise ValidationError.from_exception_data(error.title, found) from error
        if is_too_long:
            raise too_many
        return items


def _again(details: ErrorDetails) -> InitErrorDetails:
    """An error that was found, to be raised again."""
    error = _error(details["type"], **details.get("ctx", {}))
    return InitErrorDetails(type=error, loc=details["loc"], input=details["input"])


class _Omittable:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kind, _none = get_args(source)
        return handler.generate_schema(kind)


#: What the document may leave out, which is None here. A null in the document is refused.
Omittable = Annotated[T | None, _Omittable()]
