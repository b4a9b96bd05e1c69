from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from accounts.tenancy.serializers import StrictSerializer, TenantRelatedField, TenantSerializer, TimeField
from crm.conversations import export_formats, outbox
from crm.conversations.details import details_of
from crm.conversations.quotes import Key, Quoted, quoted_by
from crm.customers import customers
from crm.models import Conversation, Customer, MediaFile, Message, Tag
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.phone_numbers import normalize_phone

from .message_details import AdSerializer, DetailsSerializer, MessageListSerializer, QuotedSerializer, answered_key


class TagNames(serializers.ListField):
    """A customer's tags by name; new names become tags."""

    child = serializers.CharField(max_length=50)

    def to_representation(self, tags: Any) -> list[str]:
        return [tag.name for tag in tags.all()]


class CustomerSerializer(TenantSerializer):
    tags = TagNames(required=False)
    opted_out = serializers.BooleanField(required=False)
    attributes = serializers.DictField(required=False)
    ad = AdSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Customer
        fields = [
            "id",
            "phone",
            "whatsapp_user_id",
            "username",
            "name",
            "tags",
            "attributes",
            "opted_out",
            "ad",
            "created_at",
        ]
        read_only_fields = ["whatsapp_user_id", "username", "created_at"]

    def validate_phone(self, value: str | None) -> str | None:
        business = self.context["request"].user.business
        return normalize_phone(value, business.country) if value else None

    def create(self, validated_data: dict[str, Any]) -> Customer:
        return self._save(super().create, validated_data)

    def update(self, instance: Customer, validated_data: dict[str, Any]) -> Customer:
        return self._save(lambda data: super(CustomerSerializer, self).update(instance, data), validated_data)

    @transaction.atomic
    def _save(self, save: Callable[[dict[str, Any]], Customer], validated_data: dict[str, Any]) -> Customer:
        """Save the columns, and what domain functions write: tags and opt-out."""
        tags = validated_data.pop("tags", None)
        opted_out = validated_data.pop("opted_out", None)
        customer = save(validated_data)
        if tags is not None:
            customers.set_tags(customer, tags)
        if opted_out is not None:
            (customers.opt_out if opted_out else customers.opt_in)(customer)
        return customer


class TagSerializer(TenantSerializer):
    class Meta:
        model = Tag
        fields = ["id", "name"]


class TagUseSerializer(serializers.Serializer[Any]):
    """A broadcast or a scenario that names a tag."""

    kind = serializers.CharField(source="row._meta.model_name")
    id = serializers.IntegerField(source="row.pk")
    name = serializers.CharField(source="row")
    state = serializers.CharField()


class TagUsesSerializer(serializers.Serializer[Any]):
    customers = serializers.IntegerField()
    uses = TagUseSerializer(many=True)


class ConversationSerializer(TenantSerializer):
    """
    `bot_resumes_at`: when bots answer again by themselves; null where they do, and in a pause without end.
    `waiting_since`: since when a customer's message is left to people; null where none is. `snoozed_until`: until when
    it is out of sight; null where it is not. `unread_by_me`: messages that came since the caller looked.
    """

    bot_paused = serializers.BooleanField(source="is_bot_paused", read_only=True)
    bot_resumes_at = serializers.DateTimeField(source="pause_ends_at", read_only=True, allow_null=True)
    window_open = serializers.BooleanField(read_only=True)
    unread_by_me = serializers.IntegerField(read_only=True)
    snoozed_until = serializers.DateTimeField(source="snooze_ends_at", read_only=True, allow_null=True)

    class Meta:
        model = Conversation
        fields = [
            "id",
            "whatsapp_number",
            "customer",
            "status",
            "assignee",
            "bot_paused",
            "bot_resumes_at",
            "in_scenario",
            "waiting_since",
            "snoozed_until",
            "unread",
            "unread_by_me",
            "last_inbound_at",
            "window_open",
            "last_message_at",
            "created_at",
        ]
        read_only_fields = fields


class AssignSerializer(StrictSerializer):
    """Who answers in a conversation; null: nobody in particular."""

    user = TenantRelatedField(queryset=User.objects.filter(is_active=True), allow_null=True)


class PauseBotSerializer(StrictSerializer):
    """Until when bots are silent. Left out: for the business's hours since the last reply; null: without end."""

    bot_resumes_at = TimeField(required=False, allow_null=True)


class SnoozeSerializer(StrictSerializer):
    """Until when a conversation is out of sight; null: it is in sight again, now."""

    until = TimeField(allow_null=True)


class MessageErrorSerializer(serializers.Serializer):
    code = serializers.IntegerField(allow_null=True)
    title = serializers.CharField()


class PricingSerializer(serializers.Serializer):
    """What Meta charges for a message, in its words (Webhooks, "statuses"): `category` such as `marketing`."""

    category = serializers.CharField()
    type = serializers.CharField()
    billable = serializers.BooleanField(allow_null=True)
    model = serializers.CharField()


class MediaSerializer(serializers.Serializer):
    """A message's file, to be had at `url` with the same token or session. `size` is in bytes."""

    url = serializers.SerializerMethodField()
    mime = serializers.CharField()
    size = serializers.IntegerField()
    name = serializers.CharField(source="download_name")

    def get_url(self, media: MediaFile) -> str:
        return self.context["request"].build_absolute_uri(reverse("message-media", args=[media.message_id]))


#: Broadcasts alone plan rows and skip them.
MESSAGE_STATUSES = [status for status in Message.Status if status not in ("planned", "skipped")]


class MessageSerializer(TenantSerializer):
    status = serializers.ChoiceField(MESSAGE_STATUSES, read_only=True)
    details = serializers.SerializerMethodField()
    quoted = serializers.SerializerMethodField()
    media = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    pricing = PricingSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Message
        fields = [
            "id",
            "conversation",
            "whatsapp_number",
            "direction",
            "origin",
            "author",
            "type",
            "text",
            "details",
            "quoted",
            "media",
            "status",
            "wamid",
            "context_wamid",
            "error",
            "pricing",
            "timestamp",
            "created_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "text": {
                "help_text": "Of what came in: what the customer wrote, tapped or captioned, and nothing else. "
                "Of what was sent: what a person reads."
            }
        }
        list_serializer_class = MessageListSerializer

    #: What the messages of a list answer, when they are one.
    found: dict[Key, Quoted] | None = None

    @extend_schema_field(DetailsSerializer(allow_null=True))
    def get_details(self, message: Message) -> dict[str, Any] | None:
        details = details_of(message.type, message.content)
        return details.as_json() if details else None

    @extend_schema_field(QuotedSerializer(allow_null=True))
    def get_quoted(self, message: Message) -> dict[str, Any] | None:
        key = answered_key(message)
        quoted = (quoted_by([key]) if self.found is None else self.found).get(key)
        return asdict(quoted) if quoted else None

    @extend_schema_field(MediaSerializer(allow_null=True))
    def get_media(self, message: Message) -> Any:
        """Null also while a customer's file is still being fetched."""
        media = message.media
        return MediaSerializer(media, context=self.context).data if media and media.is_stored else None

    @extend_schema_field(MessageErrorSerializer(allow_null=True))
    def get_error(self, message: Message) -> dict[str, Any] | None:
        if message.error_code is None and not message.error_title:
            return None
        return {"code": message.error_code, "title": message.error_title}


class TrueByDefaultField(serializers.BooleanField):
    """True when left out, also in a form, where DRF takes what is left out for an empty checkbox."""

    default_empty_html = serializers.empty

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default=True, **kwargs)


class WriteSerializer(StrictSerializer):
    """
    A message to send: a text, or a template with a parameter for each of its placeholders. It pauses the bot in the
    conversation unless `pause_bot` is false.
    """

    text = serializers.CharField(max_length=outbox.MAX_TEXT, required=False)
    template = TenantRelatedField(queryset=MessageTemplate.objects.all(), required=False)
    parameters = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    pause_bot = TrueByDefaultField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("template" in attrs):
            raise serializers.ValidationError({"text": [_("Say what to send: either “text” or “template”.")]})
        if "parameters" in attrs and "template" not in attrs:
            raise serializers.ValidationError({"parameters": [_("Only a template has parameters.")]})
        return attrs


class WriteFileSerializer(StrictSerializer):
    """
    A file to send inside the 24-hour window: a picture, film, sound, document or sticker, with a caption where its
    type has one. It pauses the bot in the conversation unless `pause_bot` is false.
    """

    media = serializers.FileField(source="upload")
    caption = serializers.CharField(source="text", required=False, allow_blank=True)
    pause_bot = TrueByDefaultField()


class WriteFirstSerializer(WriteSerializer):
    """A message to a customer, or to a phone: exactly one of `customer` and `to`."""

    whatsapp_number = TenantRelatedField(queryset=WhatsAppNumber.objects.all())
    to = serializers.CharField(required=False, help_text="A phone, written in any usual way.")
    customer = TenantRelatedField(queryset=Customer.objects.all(), required=False)

    def validate_to(self, value: str) -> str:
        return normalize_phone(value, self.context["request"].user.business.country)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("to" in attrs) == ("customer" in attrs):
            raise serializers.ValidationError({"to": [_("Say whom to write to: either “to” or “customer”.")]})
        return super().validate(attrs)


class ExportQuerySerializer(serializers.Serializer):
    """The query of an export."""

    def get_fields(self) -> dict[str, serializers.Field]:
        # `as` cannot be the name of a class attribute.
        return {"as": serializers.ChoiceField(choices=list(export_formats.FORMATS), default="csv")}
