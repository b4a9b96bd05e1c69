from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.api.pagination import NewestFirst
from accounts.api.parsers import StorableJSONParser, StorableMultiPartParser
from accounts.tenancy.api import DestroyCascade, ReadOnlyTenantViewSet, TenantScope, TenantViewSet
from accounts.tenancy.scope import scope, signed_in
from crm.conversations import conversations, exports, outbox, reads
from crm.conversations.queues import LATEST_FIRST, QUEUES
from crm.customers.tag_usage import count_customers, uses_of_tags
from crm.media import response
from crm.models import Conversation, Customer, Message, Tag
from whatsapp.models import WhatsAppNumber

from .filters import (
    ConversationFilter,
    CustomerFilter,
    MessageFilter,
    MessageOfConversationFilter,
    TagFilter,
)
from .replying import IDEMPOTENCY_KEY, ReplyFileSerializer, Replying, ReplySerializer, write
from .scheduled_messages import ScheduledMessageSerializer
from .serializers import (
    AssignSerializer,
    ConversationSerializer,
    CustomerSerializer,
    ExportQuerySerializer,
    MessageSerializer,
    PauseBotSerializer,
    SnoozeSerializer,
    TagSerializer,
    TagUsesSerializer,
    WriteFirstSerializer,
)


class CustomerViewSet(TenantViewSet):
    """The people the business knows."""

    queryset = Customer.objects.prefetch_related("tags")
    serializer_class = CustomerSerializer
    filterset_class = CustomerFilter


class TagViewSet(TenantViewSet):
    """The words by which customers are grouped."""

    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    filterset_class = TagFilter
    action_permissions = {"delete_preview": "delete"}

    @extend_schema(responses=TagUsesSerializer)
    @action(detail=True, methods=["get"], url_path="delete-preview")
    def delete_preview(self, request: Request, pk: str | None = None) -> Response:
        """How many customers have the tag, and the broadcasts and scenarios that name it."""
        tag = self.get_object()
        return Response(TagUsesSerializer({"customers": count_customers([tag]), "uses": uses_of_tags([tag])}).data)


class LatestFirst(NewestFirst):
    """The latest conversations first; those of a queue in its own order."""

    ordering = LATEST_FIRST

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        queue = QUEUES.get(request.query_params.get("queue", ""))
        return queue.order if queue else self.ordering


class ConversationViewSet(Replying, DestroyCascade, ReadOnlyTenantViewSet):
    """What customers and the business's numbers said to each other. Conversations begin with a message."""

    queryset = Conversation.objects.all()
    serializer_class = ConversationSerializer
    filterset_class = ConversationFilter
    pagination_class = LatestFirst

    def get_queryset(self) -> QuerySet[Conversation]:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset
        return reads.with_unread(queryset, signed_in(self.request))

    @extend_schema(request=AssignSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str | None = None) -> Response:
        """Say who answers; null: nobody in particular."""
        conversation = self.get_object()
        serializer = AssignSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        conversations.assign(conversation, serializer.validated_data["user"])
        return self._changed()

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str | None = None) -> Response:
        """Done, until the customer writes again; bots answer then."""
        return self._do(conversations.close)

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str | None = None) -> Response:
        return self._do(conversations.reopen)

    @extend_schema(request=PauseBotSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], url_path="pause-bot")
    def pause_bot(self, request: Request, pk: str | None = None) -> Response:
        """A person or a program answers here; bots are silent."""
        conversation = self.get_object()
        serializer = PauseBotSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        if "bot_resumes_at" in serializer.validated_data:
            conversations.pause_bot_until(conversation, serializer.validated_data["bot_resumes_at"])
        else:
            conversations.pause_bot(conversation)
        return self._changed()

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], url_path="resume-bot")
    def resume_bot(self, request: Request, pk: str | None = None) -> Response:
        return self._do(conversations.resume_bot)

    @extend_schema(request=SnoozeSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str | None = None) -> Response:
        """Out of sight until a time, or until the customer writes; null: in sight again."""
        conversation = self.get_object()
        serializer = SnoozeSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        if until := serializer.validated_data["until"]:
            conversations.snooze(conversation, until)
        else:
            conversations.unsnooze(conversation)
        return self._changed()

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str | None = None) -> Response:
        """The caller has seen what came in: nothing is unread to them."""
        return self._do(lambda conversation: reads.read(conversation, signed_in(request)))

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def unread(self, request: Request, pk: str | None = None) -> Response:
        """The caller finds the last message unread again."""
        return self._do(lambda conversation: reads.unread(conversation, signed_in(request)))

    def _do(self, verb: Callable[[Conversation], None]) -> Response:
        conversation = self.get_object()
        verb(conversation)
        return self._changed()

    def _changed(self) -> Response:
        """The conversation as it is now."""
        return Response(self.get_serializer(self.get_object()).data)


class MessageViewSet(ReadOnlyTenantViewSet):
    """All messages of the business, newest first."""

    queryset = Message.objects.select_related("media_file")
    serializer_class = MessageSerializer
    filterset_class = MessageFilter
    pagination_class = NewestFirst

    @extend_schema(request=WriteFirstSerializer, responses={201: MessageSerializer}, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        """Write to a customer or a phone; customer and conversation are made when there are none."""
        serializer = WriteFirstSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        message = outbox.write_first(
            values["whatsapp_number"],
            values.get("text", ""),
            signed_in(request),
            phone=values.get("to"),
            customer=values.get("customer"),
            template=values.get("template"),
            parameters=values.get("parameters"),
            pause_bot=values["pause_bot"],
        )
        return Response(self.get_serializer(message).data, status=201)

    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=True, filterset_class=None, pagination_class=None)
    def media(self, request: Request, pk: str | None = None) -> HttpResponseBase:
        """The file of a message, as it was sent."""
        return response.response(request, self.get_object().media)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A file has its own type, whatever the caller accepts."""
        return super().perform_content_negotiation(request, force=force or self.action == "media")


class MessagesOfConversationViewSet(TenantScope, mixins.ListModelMixin, viewsets.GenericViewSet):
    """The messages of one conversation, newest first."""

    queryset = Message.objects.select_related("media_file")
    serializer_class = MessageSerializer
    filterset_class = MessageOfConversationFilter
    pagination_class = NewestFirst
    parser_classes = [StorableJSONParser, StorableMultiPartParser]

    def get_queryset(self) -> QuerySet[Message]:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset
        return queryset.filter(conversation=self._conversation())

    @extend_schema(
        request={"application/json": ReplySerializer, "multipart/form-data": ReplyFileSerializer},
        responses={201: MessageSerializer, 202: ScheduledMessageSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent
    def create(self, request: Request, conversation_pk: int) -> Response:
        """Send a text or a file, inside the 24-hour window, or a template at any time; with `send_at` later."""
        conversation = self._conversation()
        serializer_class = ReplyFileSerializer if self._has_file(request.data) else ReplySerializer
        context = {**self.get_serializer_context(), "conversation": conversation}
        serializer = serializer_class(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return write(request, conversation, serializer.validated_data)

    @staticmethod
    def _has_file(data: Any) -> bool:
        """A form is for a file or a text, since it cannot name a template's parameters."""
        is_form = isinstance(data, QueryDict)
        return isinstance(data, dict) and ("media" in data or (is_form and "text" not in data))

    def _conversation(self) -> Conversation:
        visible = scope(
            Conversation.objects.select_related("customer", "whatsapp_number__business"), signed_in(self.request)
        )
        return get_object_or_404(visible, pk=self.kwargs["conversation_pk"])


class ConversationExportViewSet(TenantScope, viewsets.GenericViewSet):
    """All conversations of a number as a file."""

    queryset = Conversation.objects.all()
    serializer_class = ExportQuerySerializer
    action_permissions = {"export": "export"}
    known_parameters = ("as",)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """A file has its own type, whatever the caller accepts."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        parameters=[ExportQuerySerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def export(self, request: Request, pk: int) -> HttpResponseBase:
        """One row, or line, a message."""
        serializer = ExportQuerySerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        number = get_object_or_404(scope(WhatsAppNumber.objects.all(), signed_in(request)), pk=pk)
        return exports.download(number, serializer.validated_data["as"])
