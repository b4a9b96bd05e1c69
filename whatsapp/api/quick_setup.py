"""Quick setup and embedded signup by API: actions of the numbers' viewset."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.tenancy.serializers import StrictSerializer
from whatsapp.models.number import meta_id
from whatsapp.models.quick_setup import pin_rule
from whatsapp.numbers.quick_setup import embedded_signup, setups
from whatsapp.numbers.quick_setup.labels import result_text
from whatsapp.numbers.quick_setup.results import STEPS, results_of

from .serializers import WhatsAppNumberSerializer

#: An account has at most some dozens of numbers.
MOST_NUMBERS = 1000


def meta_id_field(**options):
    return serializers.CharField(max_length=30, validators=[meta_id], **options)


class SetupSerializer(StrictSerializer):
    """What both ways of setting up take. Without `phone_number_ids` all numbers of the account are connected."""

    waba_id = meta_id_field()
    phone_number_ids = serializers.ListField(
        child=meta_id_field(), required=False, allow_empty=False, max_length=MOST_NUMBERS
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
    """What came of a step, for the account or, with `phone_number_id`, for one number."""

    step = serializers.ChoiceField(choices=STEPS)
    phone_number_id = serializers.CharField(allow_null=True)
    ok = serializers.BooleanField()
    code = serializers.CharField()
    detail = serializers.CharField()


class FoundNumberSerializer(serializers.Serializer):
    """A number of the account as Meta told of it, and whether it is connected here."""

    phone_number_id = serializers.CharField(source="id")
    phone_number = serializers.CharField(source="phone")
    verified_name = serializers.CharField(source="name")
    status = serializers.CharField()
    is_connected = serializers.BooleanField()


class SetupReportSerializer(serializers.Serializer):
    """What came of each step, the connected numbers, and what numbers the account has."""

    steps = StepSerializer(many=True)
    numbers = WhatsAppNumberSerializer(many=True)
    found = FoundNumberSerializer(many=True)


class QuickSetupActions:
    """Mix into the viewset of numbers."""

    @extend_schema(request=QuickSetupSerializer, responses=SetupReportSerializer)
    @action(detail=False, methods=["post"], url_path="quick-setup")
    def quick_setup(self, request):
        """
        Connect the numbers of a WhatsApp Business account. Each step is told with what came of it; sent again, it goes
        on with those that failed.
        """
        entered = self._entered(QuickSetupSerializer)
        return self._set_up(**entered)

    @extend_schema(request=EmbeddedSignupSerializer, responses=SetupReportSerializer)
    @action(detail=False, methods=["post"], url_path="embedded-signup")
    def embedded_signup(self, request):
        """Exchange the code of Meta's embedded signup for a token, and go on as quick setup does."""
        entered = self._entered(EmbeddedSignupSerializer)
        return self._set_up(access_token=embedded_signup.token_for(entered.pop("code")), **entered)

    def _entered(self, serializer_class):
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _set_up(self, **entered):
        setup = setups.begin(self.request.user, **entered)
        setups.run(setup, self.request.user, connect_all=True)
        return Response(SetupReportSerializer(self._report(setup), context=self.get_serializer_context()).data)

    def _report(self, setup):
        return {
            "steps": [_step(result) for result in results_of(setup).values()],
            "numbers": setups.connected_numbers(setup),
            "found": setups.found_numbers(setup),
        }


def _step(result):
    return {
        "step": result.step,
        "phone_number_id": result.phone_number_id or None,
        "ok": result.ok,
        "code": result.code,
        "detail": result_text(result),
    }
