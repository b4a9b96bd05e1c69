"""What an import of customers is asked, and what it answers."""

import json
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema_field
from rest_framework import serializers


@extend_schema_field(OpenApiTypes.STR)
class ColumnsField(serializers.Field):
    """A JSON object in the query: heading → column."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        try:
            columns = json.loads(data)
        except (TypeError, ValueError, RecursionError):
            columns = None
        if not isinstance(columns, dict) or not all(isinstance(column, str) for column in columns.values()):
            raise serializers.ValidationError(_('Write a JSON object of headings, like {"Mobile": "phone"}.'))
        return columns

    def to_representation(self, value: dict[str, str]) -> str:
        return json.dumps(value)


class ImportQuerySerializer(serializers.Serializer):
    """The query of an import."""

    apply = serializers.ChoiceField(
        choices=["0", "1"], default="0", help_text="1: do it; 0: only say what it would do."
    )
    columns = ColumnsField(
        required=False,
        help_text=(
            'What the columns are, as a JSON object: {"Mobile": "phone", "C": "attributes.City"}. A column is named by'
            " its heading, or by its letter. It is phone, name, tags, opted_out, whatsapp_user_id, or the name of an"
            " attribute after “attributes.”. What is not named is not imported."
        ),
    )


class FailureSerializer(serializers.Serializer):
    row = serializers.IntegerField(help_text="As a spreadsheet numbers it: the headings are row 1.")
    error = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    """Every row of the file is counted once."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField(help_text="Rows about customers known before, whether they say something new.")
    failed = FailureSerializer(many=True)


class ColumnSerializer(serializers.Serializer):
    letter = serializers.CharField(help_text="As a spreadsheet names the column.")
    heading = serializers.CharField(help_text="Empty for a column without one.")
    samples = serializers.ListField(child=serializers.CharField(), help_text="The first values.")
    guess = serializers.CharField(help_text="What it seems to be, as `columns` of the query takes it.")


class UnsureColumnsSerializer(serializers.Serializer):
    """It is not clear what the columns are."""

    detail = serializers.CharField()
    code = serializers.CharField()
    columns = ColumnSerializer(many=True)
