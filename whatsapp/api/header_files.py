from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from accounts.api.parsers import StorableMultiPartParser
from accounts.tenancy.api import ReadOnlyTenantViewSet
from accounts.tenancy.serializers import StrictSerializer, TenantRelatedField, TenantSerializer
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile, WhatsAppNumber

from .filters import HeaderFileFilter


class HeaderFileSerializer(TenantSerializer):
    parameter = serializers.CharField(
        source="reference", help_text="The value of a template's parameter that names it."
    )
    state = serializers.SerializerMethodField()

    class Meta:
        model = HeaderFile
        fields = [
            "id",
            "whatsapp_number",
            "parameter",
            "name",
            "kind",
            "mime",
            "size",
            "state",
            "problem",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(["waiting", "uploaded", "refused"]))
    def get_state(self, file: HeaderFile) -> str:
        """Whether Meta has it: `waiting` until then, `refused` when Meta does not take it."""
        if file.is_at_meta(timezone.now()):
            return "uploaded"
        return "refused" if file.refused_at else "waiting"


class NewHeaderFileSerializer(StrictSerializer):
    whatsapp_number = TenantRelatedField(queryset=WhatsAppNumber.objects.all())
    file = serializers.FileField(help_text="A picture, film or document, as large as WhatsApp carries.")


class HeaderFileViewSet(ReadOnlyTenantViewSet):
    """
    Files for the headers of templates that are sent through a number. Each is uploaded to Meta once, and again before
    Meta forgets it as long as something needs it.
    """

    queryset = HeaderFile.objects.all()
    serializer_class = HeaderFileSerializer
    filterset_class = HeaderFileFilter
    parser_classes = [StorableMultiPartParser]

    @extend_schema(request=NewHeaderFileSerializer, responses={201: HeaderFileSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """
        Keep a file: its `parameter` may then be the `header.image`, `header.video` or `header.document` of templates.
        """
        serializer = NewHeaderFileSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        file = header_files.store(given["whatsapp_number"], given["file"])
        return Response(self.get_serializer(file).data, status=HTTP_201_CREATED)
