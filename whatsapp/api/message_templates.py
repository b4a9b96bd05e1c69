from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from accounts.api.parsers import StorableMultiPartParser
from accounts.tenancy.api import ReadOnlyTenantViewSet
from accounts.tenancy.filters import TrueOrFalseField
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

#: How the caller may widen a deletion.
DELETION = ("all_languages", "anyway")


class MessageTemplateViewSet(mixins.DestroyModelMixin, ReadOnlyTenantViewSet):
    """
    The message templates of the business's WhatsApp Business accounts, as last read at Meta. New ones are submitted
    to Meta, and what is deleted here is deleted there.
    """

    queryset = MessageTemplate.objects.all()
    serializer_class = MessageTemplateSerializer
    filterset_class = MessageTemplateFilter
    action_permissions = {"delete_preview": "delete", "upload_example": "add"}

    own_serializers = {"create": NewTemplateSerializer, "upload_example": ExampleFileSerializer}

    @property
    def known_parameters(self):
        return DELETION if self.action == "destroy" else ()

    def get_serializer_class(self):
        return self.own_serializers.get(self.action) or super().get_serializer_class()

    @extend_schema(request=NewTemplateSerializer, responses={201: MessageTemplateSerializer})
    def create(self, request):
        """
        Submit a template to Meta, which reviews it. `components` are those that Meta describes; each placeholder
        needs an example. Supported are texts, pictures, videos, documents and locations at the top, buttons that
        answer, open a link, call and copy a code, and sign-in codes with a button that copies.
        """
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            row = submit.submit(serializer.validated_data["whatsapp_number"], serializer.as_template())
        except ValidationError as error:
            raise ValidationError(by_field(error)) from error
        return Response(MessageTemplateSerializer(row).data, status=HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter(name, OpenApiTypes.BOOL, description="true or false") for name in DELETION]
    )
    def destroy(self, request, pk=None):
        """
        Delete a template, at Meta too, in this language or in `all_languages`. Meta then blocks the name for 30 days.
        409 `template_being_sent` while a broadcast needs it; 409 `template_in_use` while a draft or a scenario names
        it, unless `anyway`.
        """
        return super().destroy(request, pk=pk)

    def perform_destroy(self, instance):
        given = {
            name: TrueOrFalseField(required=False).clean(self.request.query_params.get(name)) for name in DELETION
        }
        chosen = {name: bool(value) for name, value in given.items()}
        delete.delete(instance, requested_by=self.request.user, **chosen)

    @extend_schema(responses=TemplateUsesSerializer)
    @action(detail=True, methods=["get"], url_path="delete-preview")
    def delete_preview(self, request, pk=None):
        """The broadcasts and scenarios that use the template."""
        return Response(TemplateUsesSerializer({"uses": uses_of([self.get_object()])}).data)

    @extend_schema(request=ExampleFileSerializer, responses=HandleSerializer)
    @action(detail=False, methods=["post"], url_path="upload-example", parser_classes=[StorableMultiPartParser])
    def upload_example(self, request):
        """Give Meta an example of a header's picture, video or document; a new template names it by its handle."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        handle = submit.upload_example(given["whatsapp_number"], given["file"])
        return Response({"header_handle": handle})


def by_field(error):
    """What is wrong with a template, by the fields of its document: what is wrong in a part, with the part's name."""
    found = {}
    for place, sentences in error.message_dict.items():
        field = place if place in ("name", "language", "category", "parameter_format", "file") else "components"
        prefix = f"{place}: " if field == "components" and place != field else ""
        found.setdefault(field, []).extend(prefix + sentence for sentence in sentences)
    return found
