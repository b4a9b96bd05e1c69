from rest_framework import serializers


class SubscriptionSerializer(serializers.Serializer):
    """The plan: what it allows (a missing limit is no limit) and how much of it is used."""

    plan = serializers.CharField()
    status = serializers.CharField()
    ends_at = serializers.DateTimeField(allow_null=True)
    limits = serializers.DictField(child=serializers.IntegerField())
    usage = serializers.DictField(child=serializers.IntegerField())


class NeedSerializer(serializers.Serializer):
    """One thing that needs a person."""

    kind = serializers.CharField()
    count = serializers.IntegerField()
    text = serializers.CharField()


class TodaySerializer(serializers.Serializer):
    """How many messages were received, sent and failed today."""

    received = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()


class StatsSerializer(serializers.Serializer):
    """What the overview shows."""

    needs = NeedSerializer(many=True)
    today = TodaySerializer()
