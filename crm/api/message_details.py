"""What a message says beyond its words, and what it answers, as the API has them."""

from typing import Any

from rest_framework import serializers

from crm.conversations.quotes import Key, quoted_by
from crm.models import Message


class OrderItemSerializer(serializers.Serializer):
    product_id = serializers.CharField(allow_null=True)
    quantity = serializers.IntegerField(allow_null=True)
    price = serializers.CharField(allow_null=True, help_text="Of one piece: a decimal, like 350.00.")
    currency = serializers.CharField(allow_null=True)


class OrderTotalSerializer(serializers.Serializer):
    amount = serializers.CharField(help_text="A decimal, like 800.00.")
    currency = serializers.CharField(allow_null=True)


class OrderSerializer(serializers.Serializer):
    """A basket. A currency in which an item has no price or quantity has no total."""

    items = OrderItemSerializer(many=True)
    totals = OrderTotalSerializer(many=True)
    text = serializers.CharField(allow_null=True)


class FormValueSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="What is inside another value is named by its path: address.city.")
    value = serializers.CharField()


class ContactCardSerializer(serializers.Serializer):
    name = serializers.CharField(allow_null=True)
    phones = serializers.ListField(child=serializers.CharField())
    emails = serializers.ListField(child=serializers.CharField())


class LocationSerializer(serializers.Serializer):
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="Shows the place on a map.")


class AdSerializer(serializers.Serializer):
    """The ad or post from which somebody wrote; `click_id` is Meta's `ctwa_clid`."""

    headline = serializers.CharField(allow_null=True)
    body = serializers.CharField(allow_null=True)
    url = serializers.CharField(allow_null=True)
    id = serializers.CharField(allow_null=True)
    click_id = serializers.CharField(allow_null=True)


class ProductSerializer(serializers.Serializer):
    """The product that a question is about."""

    catalog_id = serializers.CharField(allow_null=True)
    product_id = serializers.CharField(allow_null=True)


class CallSerializer(serializers.Serializer):
    """A call by the customer ("in") or to them ("out"). `answered` is null until it has ended."""

    direction = serializers.ChoiceField(["in", "out"])
    answered = serializers.BooleanField(allow_null=True)
    seconds = serializers.IntegerField(allow_null=True, help_text="How long it took, if it was answered.")


class DetailsSerializer(serializers.Serializer):
    """What a message says beyond its words; null where it says nothing of the kind."""

    order = OrderSerializer(allow_null=True)
    form = FormValueSerializer(many=True, allow_null=True)
    contacts = ContactCardSerializer(many=True, allow_null=True)
    location = LocationSerializer(allow_null=True)
    ad = AdSerializer(allow_null=True)
    product = ProductSerializer(allow_null=True)
    forwarded = serializers.BooleanField(allow_null=True)
    call = CallSerializer(allow_null=True)


class QuotedSerializer(serializers.Serializer):
    """What a message answers, reacts to, edits or revokes. `id` is that of the message, or of the broadcast."""

    kind = serializers.ChoiceField(["message", "broadcast"])
    id = serializers.IntegerField()
    text = serializers.CharField()


class MessageListSerializer(serializers.ListSerializer):
    """Messages of a page, with what they answer found together."""

    child: Any

    def to_representation(self, data: Any) -> list[Any]:
        messages = list(data)
        self.child.found = quoted_by(map(answered_key, messages))
        return super().to_representation(messages)


def answered_key(message: Message) -> Key:
    """By what is found what a message answers."""
    return message.whatsapp_number_id, message.context_wamid
