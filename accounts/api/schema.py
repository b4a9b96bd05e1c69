"""What the OpenAPI schema says beyond what the views and serializers show."""

from functools import cache
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers


class Schema(AutoSchema):
    """A change of a row that counts its edits may be answered with 409."""

    def get_response_serializers(self) -> Any:
        found: Any = super().get_response_serializers()
        is_counted = isinstance(found, serializers.Serializer) and "revision" in found.fields
        if self.method != "PATCH" or not is_counted:
            return found
        serializer_class: Any = type(found)
        return {200: found, 409: changed_meanwhile(serializer_class)}


@cache
def changed_meanwhile(serializer_class: type[serializers.BaseSerializer[Any]]) -> OpenApiResponse:
    """The answer to a change of an outdated revision of what this serializer shows."""
    name = serializer_class.__name__.removesuffix("Serializer")
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "detail": serializers.CharField(),
        "code": serializers.CharField(),
        "current": serializer_class(required=False),
    }
    return OpenApiResponse(
        inline_serializer(f"{name}ChangedMeanwhile", fields),
        description="Not possible now. `changed_meanwhile`: the revision is outdated, `current` is the row as it is.",
    )
