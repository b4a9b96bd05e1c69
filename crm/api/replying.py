"""What is said in a conversation by API: replies, also for later, notes and reactions."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.tenancy.scope import signed_in
from accounts.tenancy.serializers import StrictSerializer, TenantRelatedField, TimeField
from crm.conversations import notes, outbox, saved_replies, scheduled
from crm.models import Conversation, Message, SavedReply

from .saved_replies import SavedReplyField
from .scheduled_messages import ScheduledMessageSerializer
from .serializers import MessageSerializer, WriteFileSerializer, WriteSerializer

if TYPE_CHECKING:
    Base = viewsets.GenericViewSet[Any]
else:
    Base = object

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Repeating the request repeats the answer."
)


class ReplySerializer(WriteSerializer):
    """
    A message to send: a text, a canned reply, or a template with a parameter for each of its placeholders. It quotes
    the message it is a `reply_to`, and goes out at `send_at`, or at once; with `cancel_if_customer_writes` not if the
    customer writes first. It pauses the bot in the conversation unless `pause_bot` is false.
    """

    saved_reply = SavedReplyField(queryset=SavedReply.objects.all(), required=False)
    reply_to = TenantRelatedField(queryset=Message.objects.all(), required=False)
    send_at = TimeField(required=False)
    cancel_if_customer_writes = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if reply := attrs.pop("saved_reply", None):
            if "text" in attrs:
                raise serializers.ValidationError({"saved_reply": [_("Say either “text” or “saved_reply”.")]})
            attrs["text"] = saved_replies.filled_in(reply, self.context["conversation"].customer)
        if "cancel_if_customer_writes" in attrs and "send_at" not in attrs:
            sentence = _("Only what goes out later can be cancelled: give “send_at” too.")
            raise serializers.ValidationError({"cancel_if_customer_writes": [sentence]})
        return super().validate(attrs)


class ReplyFileSerializer(WriteFileSerializer):
    """
    A file to send inside the 24-hour window: a picture, film, sound, document or sticker, with a caption where its
    type has one, quoting the message it is a `reply_to`. It pauses the bot in the conversation unless `pause_bot` is
    false.
    """

    reply_to = TenantRelatedField(queryset=Message.objects.all(), required=False)


def write(request: Request, conversation: Conversation, values: dict[str, Any]) -> Response:
    """Write what a serializer above has found valid: 201 with the message, or 202 with that for later."""
    context, author = {"request": request}, signed_in(request)
    if "send_at" in values:
        row = scheduled.schedule(conversation, author, origin=Message.Origin.API, **values)
        return Response(ScheduledMessageSerializer(row, context=context).data, status=202)
    message = outbox.write(conversation, author=author, origin=Message.Origin.API, **values)
    return Response(MessageSerializer(message, context=context).data, status=201)


class NoteSerializer(StrictSerializer):
    """What only colleagues read."""

    text = serializers.CharField(max_length=notes.MAX_NOTE)


class ReactSerializer(StrictSerializer):
    """An emoji on a message of the conversation; an empty one takes it back."""

    message = TenantRelatedField(queryset=Message.objects.all())
    emoji = serializers.CharField(allow_blank=True, max_length=outbox.MAX_EMOJI)


class Replying(Base):
    """The verbs of a conversation by which something is said there."""

    @extend_schema(request=NoteSerializer, responses={201: MessageSerializer}, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def notes(self, request: Request, pk: str | None = None) -> Response:
        """Note something for colleagues; the customer never sees it."""
        conversation = self.get_object()
        serializer = NoteSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        note = notes.write(conversation, signed_in(request), serializer.validated_data["text"])
        return Response(MessageSerializer(note, context=self.get_serializer_context()).data, status=201)

    @extend_schema(request=ReactSerializer, responses={201: MessageSerializer}, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def react(self, request: Request, pk: str | None = None) -> Response:
        """React to a message with an emoji; an empty one takes the reaction back."""
        conversation = self.get_object()
        serializer = ReactSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        reaction = outbox.react(conversation, author=signed_in(request), origin=Message.Origin.API, **values)
        return Response(MessageSerializer(reaction, context=self.get_serializer_context()).data, status=201)
