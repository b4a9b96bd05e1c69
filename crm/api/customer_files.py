"""Customers from and to CSV files."""

from typing import IO, Any, cast

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import viewsets
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.refusals import Refusal
from accounts.tenancy.api import TenantScope
from crm.customers.file_export import download_customers
from crm.customers.file_format import CustomerFile
from crm.customers.file_import import import_customers
from crm.customers.spreadsheets import MAX_BYTES, decode
from crm.models import Customer

from .filters import CustomerFilter
from .serializers import ImportQuerySerializer, OutcomeSerializer

#: Content types that are never the text of a file.
REFUSED_TYPES = ("multipart/", "application/json")


class CsvParser(BaseParser):
    """The text of a CSV file, whatever type its sender gives it; only forms and JSON are refused."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        if (media_type or "").startswith(REFUSED_TYPES):
            sentence = _("Send the text of the CSV file as the body, with the header Content-Type: text/csv.")
            raise Refusal("unsupported_media_type", sentence, status=415)
        return decode(stream.read(MAX_BYTES + 1))


class CustomerImportViewSet(TenantScope, viewsets.GenericViewSet):
    """Customers from a CSV file."""

    queryset = Customer.objects.all()
    serializer_class = OutcomeSerializer
    parser_classes = [CsvParser]
    action_permissions = {"import_file": "add"}
    known_parameters = ("apply",)

    @extend_schema(
        request={"text/csv": OpenApiTypes.STR}, responses=OutcomeSerializer, parameters=[ImportQuerySerializer]
    )
    def import_file(self, request: Request) -> Response:
        """
        Say what importing the file would do; with `apply=1` do it.

        The first row holds headings, in English or Russian: phone (телефон), name (имя), tags (теги), opted_out
        (отписан); a column of any other name is an attribute. Phones are written in any usual way. Known customers
        are brought up to date: an empty cell leaves what is known, tags are added, and only a “no” in `opted_out` ends
        an opt-out. At most 2,000 rows at once and 20 MB, otherwise 413 with the code `too_many_rows` or
        `file_too_large`; the admin imports files of up to 200,000 rows. At most 200 columns, and 30 tags a row.
        """
        serializer = ImportQuerySerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        # A request without a body has no parsed text.
        file = CustomerFile(cast(str, request.data or ""), self.business.country)
        outcome = import_customers(self.business, file, apply=serializer.validated_data["apply"] == "1")
        return Response(OutcomeSerializer(outcome).data)


class CustomerExportViewSet(TenantScope, viewsets.GenericViewSet):
    """Customers as a CSV file."""

    queryset = Customer.objects.all()
    filter_backends = [DjangoFilterBackend]
    filterset_class = CustomerFilter
    action_permissions = {"export": "export"}

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A file has its own type, whatever the caller accepts."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def export(self, request: Request) -> HttpResponseBase:
        """The customers that the filters let through; the file can be imported again."""
        return download_customers(self.filter_queryset(self.get_queryset()))
