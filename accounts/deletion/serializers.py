from typing import TYPE_CHECKING

from rest_framework import serializers

from accounts.models import Deletion

if TYPE_CHECKING:
    DeletionModelSerializer = serializers.ModelSerializer[Deletion]
else:
    DeletionModelSerializer = serializers.ModelSerializer


class DeletionSerializer(DeletionModelSerializer):
    """
    The deletion of a row with everything that depends on it; its receipt once it is done. `counts` maps tables to the
    number of their rows deleted.
    """

    counts = serializers.DictField(source="counts_by_table", child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = Deletion
        fields = [
            "id",
            "what",
            "object_id",
            "name",
            "requested_by_email",
            "state",
            "done",
            "total",
            "counts",
            "exported_at",
            "orphans",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields
