"""Customers from CSV files and workbooks, and to CSV files."""

from dataclasses import asdict
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
from crm.customers.files.column_mappings import columns_by_heading
from crm.customers.files.contents import XLSX_TYPE, Contents, read_contents
from crm.customers.files.file_export import download_customers
from crm.customers.files.file_format import CustomerFile
from crm.customers.files.file_import import MAX_API_ROWS, Outcome, UnsureColumns, import_customers
from crm.customers.files.spreadsheets import MAX_BYTES
from crm.models import Customer

from .filters import CustomerFilter
from .import_serializers import ImportQuerySerializer, OutcomeSerializer, UnsureColumnsSerializer

#: Content types that are never the text of a file.
REFUSED_TYPES = ("multipart/", "application/json")


class CustomerFileParser(BaseParser):
    """The Contents of a CSV file or an .xlsx, whatever type its sender gives it; only forms and JSON are refused."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        if (media_type or "").startswith(REFUSED_TYPES):
            sentence = _("Send the CSV file or the workbook as the body, with the header Content-Type: text/csv.")
            raise Refusal("unsupported_media_type", sentence, status=415)
        country = parser_context["view"].business.country
        return read_contents(stream.read(MAX_BYTES + 1), country, MAX_API_ROWS)


class CustomerImportViewSet(TenantScope, viewsets.GenericViewSet):
    """Customers from a CSV file or a workbook."""

    queryset = Customer.objects.all()
    serializer_class = OutcomeSerializer
    parser_classes = [CustomerFileParser]
    action_permissions = {"import_file": "add"}
    known_parameters = ("apply", "columns")

    @extend_schema(
        request={"text/csv": OpenApiTypes.STR, XLSX_TYPE: OpenApiTypes.BINARY},
        responses={200: OutcomeSerializer, 400: UnsureColumnsSerializer},
        parameters=[ImportQuerySerializer],
    )
    def import_file(self, request: Request) -> Response:
        """
        Say what importing the file would do; with `apply=1` do it.

        A CSV file or an Excel workbook (.xlsx), told apart by their contents. The first row holds headings, in English
        or Russian: phone (телефон), name (имя), tags (теги), opted_out (отписан); a column of any other name is an
        attribute. Where it is not clear what a column is, the answer is a 400 with the code `unsure_columns` and all
        `columns`: send the file again with `columns`.

        Phones are written in any usual way. Known customers are brought up to date: an empty cell leaves what is
        known, tags are added, and only a “no” in `opted_out` ends an opt-out. At most 2,000 rows at once and 20 MB,
        otherwise 413 with the code `too_many_rows` or `file_too_large`; the admin imports files of up to 200,000 rows.
        At most 200 columns, and 30 tags a row.
        """
        serializer = ImportQuerySerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        # A request without a body has no contents.
        contents = cast(Contents, request.data or Contents(""))
        try:
            outcome = self._import(contents.text, **serializer.validated_data)
        except UnsureColumns as unsure:
            described = {"columns": [asdict(column) for column in unsure.columns]}
            return Response({"detail": str(unsure), "code": unsure.code, **described}, status=unsure.status)
        sheet = {"sheet": contents.sheet} if contents.sheet else {}
        return Response({**OutcomeSerializer(outcome).data, **sheet})

    def _import(self, text: str, apply: str, columns: dict[str, str] | None = None) -> Outcome:
        file = CustomerFile(text, self.business.country)
        if columns is not None:
            chosen = columns_by_heading(file.table, columns)
            file = CustomerFile(text, self.business.country, columns=chosen)
        return import_customers(self.business, file, apply == "1")


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
