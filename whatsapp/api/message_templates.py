from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.status import HTTP_201_CREATED

from accounts.api.parsers import StorableMultiPartParser
from accounts.tenancy.api import ReadOnlyTenantViewSet
from accounts.tenancy.filters import TrueOrFalseField
from accounts.tenancy.scope import signed_in
from whatsapp.message_templates import delete, submit
from whatsapp.message_templates.usage import uses_of
from whatsapp.models import MessageTemplate

from .filters import MessageTemplateFilter
from .message_template_serializers import (
    ExampleFileSerializer,
    HandleSerializer,
    NewTemplateSerializer,
    TemplateUsesSerializer,
)
from .serializers import MessageTemplateSerializer

#: The query parameters that widen a deletion.
DELETION_PARAMETERS = ("all_languages", "anyway")

#: The fields of a template's document, and of an example, that a rule may name. All else is a part of `components`.
FIELDS = ("name", "language", "category", "parameter_format", "file")


class MessageTemplateViewSet(mixins.DestroyModelMixin, ReadOnlyTenantViewSet):
    """
    The message templates of the business's WhatsApp Business accounts, as last read at Meta. New ones are submitted
    to Meta, and what is deleted here is deleted there.
    """

    queryset = MessageTemplate.objects.select_related("business")
    serializer_class = MessageTemplateSerializer
    filterset_class = MessageTemplateFilter
    action_permissions = {"delete_preview": "delete", "upload_example": "add"}

    serializer_classes = {"create": NewTemplateSerializer, "upload_example": ExampleFileSerializer}

    @property
    def known_parameters(self) -> tuple[str, ...]:
        return DELETION_PARAMETERS if self.action == "destroy" else ()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return self.serializer_classes.get(self.action) or super().get_serializer_class()

    @extend_schema(request=NewTemplateSerializer, responses={201: MessageTemplateSerializer})
    def create(self, request: Request) -> Response:
        """
        Submit a template to Meta, which reviews it. `components` are those that Meta describes; each placeholder
        needs an example. Supported are texts, pictures, videos, documents and locations at the top, buttons that
        answer, open a link, call and copy a code, and sign-in codes with a button that copies.
        """
        serializer = NewTemplateSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        try:
            row = submit.submit(serializer.validated_data["whatsapp_number"], serializer.as_template())
        except ValidationError as error:
            raise ValidationError(_by_field(error)) from error
        return Response(MessageTemplateSerializer(row).data, status=HTTP_201_CREATED)

    @extend_schema(
        parameters=[
            OpenApiParameter(name, OpenApiTypes.BOOL, description="true or false") for name in DELETION_PARAMETERS
        ]
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """
        Delete a template, at Meta too, in this language or in `all_languages`. Meta then blocks the name for 30 days.
        409 `template_being_sent` while a broadcast needs it; 409 `template_in_use` while a draft or a scenario names
        it, unless `anyway`.
        """
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: MessageTemplate) -> None:
        query, field = self.request.query_params, TrueOrFalseField(required=False)
        chosen = {name: bool(field.clean(query.get(name))) for name in DELETION_PARAMETERS}
        delete.delete(instance, signed_in(self.request), **chosen)

    @extend_schema(responses=TemplateUsesSerializer)
    @action(detail=True, methods=["get"], url_path="delete-preview")
    def delete_preview(self, request: Request, pk: str | None = None) -> Response:
        """The broadcasts and scenarios that use the template."""
        return Response(TemplateUsesSerializer({"uses": uses_of([self.get_object()])}).data)

    @extend_schema(request=ExampleFileSerializer, responses=HandleSerializer)
    @action(detail=False, methods=["post"], url_path="upload-example", parser_classes=[StorableMultiPartParser])
    def upload_example(self, request: Request) -> Response:
        """Give Meta an example of a header's picture, video or document. A new template names it by its handle."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        handle = submit.upload_example(given["whatsapp_number"], given["file"])
        return Response({"header_handle": handle})


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    """What is wrong with a template, by its document's fields. Under `components` each sentence names its part."""
    found: dict[str, list[str]] = {}
    for place, sentences in error.message_dict.items():
        field = place if place in FIELDS else "components"
        prefix = f"{place}: " if field == "components" and place != field else ""
        found.setdefault(field, []).extend(prefix + sentence for sentence in sentences)
    return found
