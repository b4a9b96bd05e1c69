from typing import Any

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
    """How many messages were received, sent and failed today, those of broadcasts included."""

    received = serializers.IntegerField()
    sent = serializers.IntegerField(source="sent_in_all")
    failed = serializers.IntegerField()


class FiguresSerializer(serializers.Serializer):
    """How many messages of conversations were received and sent, and how many broadcasts sent."""

    received = serializers.IntegerField()
    sent = serializers.IntegerField()
    broadcast = serializers.IntegerField()


class DaySerializer(FiguresSerializer):
    """The same of a day."""

    date = serializers.DateField()
    received = serializers.IntegerField(source="figures.received")
    sent = serializers.IntegerField(source="figures.sent")
    broadcast = serializers.IntegerField(source="figures.broadcast")


class WaiterSerializer(serializers.Serializer):
    """Somebody who waits for a person."""

    conversation = serializers.IntegerField(source="conversation.pk")
    customer = serializers.IntegerField(source="conversation.customer_id")
    whatsapp_number = serializers.IntegerField(source="conversation.whatsapp_number_id")
    assignee = serializers.IntegerField(source="conversation.assignee_id", allow_null=True)
    waiting_since = serializers.DateTimeField(source="conversation.waiting_since")
    seconds = serializers.IntegerField()


class FirstAnswersSerializer(serializers.Serializer):
    """Waits that people, programs or the owner's phone answered, and within how long half and nine of ten of them."""

    count = serializers.IntegerField()
    median_seconds = serializers.IntegerField(allow_null=True)
    p90_seconds = serializers.IntegerField(allow_null=True)


class SolvedByBotsSerializer(serializers.Serializer):
    """In how many conversations customers wrote, and in how many of them nobody was waited for."""

    conversations = serializers.IntegerField()
    solved = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)


class LineSerializer(serializers.Serializer):
    """What a person or a number had to do with waits."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    waiting = serializers.IntegerField()
    first_answers = FirstAnswersSerializer(source="answers")


class StageSumSerializer(serializers.Serializer):
    """The open deals of a stage in one currency."""

    stage = serializers.IntegerField(source="stage_id")
    name = serializers.CharField(source="stage")
    currency = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=None, decimal_places=2)


class WaitingSerializer(serializers.Serializer):
    """Who waits for a person: all, mine, nobody's, and those whose window closes within two hours."""

    count = serializers.IntegerField(source="waiting.count")
    mine = serializers.IntegerField()
    unassigned = serializers.IntegerField(source="waiting.unassigned")
    closing = serializers.IntegerField(source="waiting.closing")
    longest = WaiterSerializer(many=True)


class PeriodSerializer(serializers.Serializer):
    """Days of the business's calendar."""

    first = serializers.DateField()
    last = serializers.DateField()


class StatsSerializer(serializers.Serializer):
    """
    What the overview shows. Of an operator `first_answers` are their own; `solved_by_bots`, `people` and `numbers` are
    for managers and owners. `solved_by_bots` is null unless the days end today.
    """

    needs = NeedSerializer(many=True)
    today = TodaySerializer()
    last_week = FiguresSerializer(help_text="This day of last week, up to the same time.")
    waiting = WaitingSerializer(source="*")
    period = PeriodSerializer()
    days = DaySerializer(many=True)
    first_answers = FirstAnswersSerializer(source="answers")
    solved_by_bots = SolvedByBotsSerializer(source="solved", allow_null=True)
    people = LineSerializer(many=True)
    numbers = LineSerializer(many=True)
    deals = StageSumSerializer(many=True)


class DaysSerializer(serializers.Serializer):
    """Which days are asked for."""

    to = serializers.DateField(required=False)

    def get_fields(self) -> dict[str, Any]:
        # A name that Python keeps for itself.
        return {"from": serializers.DateField(required=False), **super().get_fields()}
