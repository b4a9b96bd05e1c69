"""Quick setup and embedded signup as programs ask for them, and the report that answers."""

from typing import Any

from rest_framework import serializers

from accounts.tenancy.serializers import StrictSerializer
from whatsapp.models import QuickSetup
from whatsapp.models.number import meta_id
from whatsapp.models.quick_setup import pin_rule
from whatsapp.numbers.quick_setup import setups
from whatsapp.numbers.quick_setup.labels import result_text
from whatsapp.numbers.quick_setup.results import STEPS, Result, results_of

from .serializers import WhatsAppNumberSerializer

#: An account has at most some dozens of numbers.
MAX_NUMBERS = 1000


def _meta_id_field() -> serializers.CharField:
    return serializers.CharField(max_length=30, validators=[meta_id])


class SetupSerializer(StrictSerializer):
    """What both ways of setting up take. Without `phone_number_ids` all numbers of the account are connected."""

    waba_id = _meta_id_field()
    phone_number_ids = serializers.ListField(
        child=_meta_id_field(), required=False, allow_empty=False, max_length=MAX_NUMBERS
    )
    pin = serializers.CharField(
        required=False, allow_blank=True, write_only=True, validators=[pin_rule], style={"input_type": "password"}
    )


class QuickSetupSerializer(SetupSerializer):
    access_token = serializers.CharField(write_only=True, max_length=2000, style={"input_type": "password"})
    app_secret = serializers.CharField(
        required=False, allow_blank=True, write_only=True, max_length=200, style={"input_type": "password"}
    )


class EmbeddedSignupSerializer(SetupSerializer):
    code = serializers.CharField(write_only=True, max_length=2000)


class StepSerializer(serializers.Serializer):
    """The result of a step, for the account or, with `phone_number_id`, for one number."""

    step = serializers.ChoiceField(choices=STEPS)
    phone_number_id = serializers.CharField(allow_null=True)
    ok = serializers.BooleanField()
    code = serializers.CharField()
    detail = serializers.CharField()


class FoundNumberSerializer(serializers.Serializer):
    """A number of the account as Meta lists it, and whether it is connected here."""

    phone_number_id = serializers.CharField(source="id")
    phone_number = serializers.CharField(source="phone")
    verified_name = serializers.CharField(source="name")
    status = serializers.CharField()
    is_connected = serializers.BooleanField()


class SetupReportSerializer(serializers.Serializer):
    """The result of each step, the connected numbers, and all numbers of the account."""

    steps = StepSerializer(many=True)
    numbers = WhatsAppNumberSerializer(many=True)
    found = FoundNumberSerializer(many=True)


def report_of(setup: QuickSetup) -> dict[str, Any]:
    """A setup as SetupReportSerializer shows it."""
    return {
        "steps": [_step(result) for result in results_of(setup).values()],
        "numbers": setups.connected_numbers(setup),
        "found": setups.found_numbers(setup),
    }


def _step(result: Result) -> dict[str, Any]:
    return {
        "step": result.step,
        "phone_number_id": result.phone_number_id or None,
        "ok": result.ok,
        "code": result.code,
        "detail": result_text(result),
    }
