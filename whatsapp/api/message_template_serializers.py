"""A new message template as programs write it: the document that Meta describes (Cloud API, "Template components")."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy.serializers import StrictSerializer, TenantRelatedField
from whatsapp.message_templates import rules, sync
from whatsapp.message_templates.rules import CATEGORIES, FORMATS
from whatsapp.models import MessageTemplate, WhatsAppNumber


class KeywordField(serializers.CharField):
    """One of Meta's keywords, like `BODY`. It may be given in lower case."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).upper()


class NamedExampleSerializer(StrictSerializer):
    param_name = serializers.CharField()
    example = serializers.CharField()


class ExampleSerializer(StrictSerializer):
    header_handle = serializers.ListField(child=serializers.CharField(), required=False)
    header_text = serializers.ListField(child=serializers.CharField(), required=False)
    header_text_named_params = NamedExampleSerializer(many=True, required=False)
    body_text = serializers.ListField(child=serializers.ListField(child=serializers.CharField()), required=False)
    body_text_named_params = NamedExampleSerializer(many=True, required=False)


class ButtonExampleField(serializers.ListField):
    """The example of a button, which Meta documents as one text for some kinds and as a list of one for others."""

    child = serializers.CharField()

    def to_internal_value(self, data: Any) -> list[str]:
        return super().to_internal_value([data] if isinstance(data, str) else data)


class SupportedAppSerializer(StrictSerializer):
    package_name = serializers.CharField()
    signature_hash = serializers.CharField()


class KindSerializer(StrictSerializer):
    """
    A part or a button. Of a kind that is made at Meta alone nothing but its kind is read: the rules refuse it by that,
    which says more than that a field is not known.
    """

    named_by: tuple[str, ...] = ("type",)
    made_here: Collection[tuple[str, ...]] = ()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and isinstance(data.get("type"), str):
            kind = tuple(str(data.get(name) or "").upper() for name in self.named_by)
            if kind not in self.made_here:
                data = {name: data[name] for name in self.named_by if name in data}
        return super().to_internal_value(data)


class ButtonSerializer(KindSerializer):
    named_by = ("type", "otp_type")
    made_here = [*((kind, "") for kind in rules.BUTTONS), *rules.CODE_BUTTONS]

    type = KeywordField()
    text = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    phone_number = serializers.CharField(required=False)
    example = ButtonExampleField(required=False)
    otp_type = KeywordField(required=False)
    autofill_text = serializers.CharField(required=False)
    supported_apps = SupportedAppSerializer(many=True, required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Read an app that is named on the button itself, as Meta had it before, as the one that is supported."""
        if isinstance(data, dict) and data.get("otp_type") == "ONE_TAP" and "supported_apps" not in data:
            app = {key: data[key] for key in SupportedAppSerializer().fields if key in data}
            if app:
                data = {key: value for key, value in data.items() if key not in app} | {"supported_apps": [app]}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Write the example of a code to copy as one text, as Meta documents it."""
        if attrs["type"] == "COPY_CODE" and attrs.get("example"):
            attrs["example"] = attrs["example"][0]
        return attrs


class ComponentSerializer(KindSerializer):
    """A part of a template: its header, body, footer or buttons."""

    made_here = [(kind,) for kind in rules.PARTS]

    type = KeywordField()
    format = KeywordField(required=False)
    text = serializers.CharField(required=False, trim_whitespace=False)
    example = ExampleSerializer(required=False)
    buttons = ButtonSerializer(many=True, required=False)
    add_security_recommendation = serializers.BooleanField(required=False)
    code_expiration_minutes = serializers.IntegerField(required=False)


class NewTemplateSerializer(StrictSerializer):
    whatsapp_number = TenantRelatedField(
        queryset=WhatsAppNumber.objects.all(),
        required=False,
        help_text="A number of the WhatsApp Business account that gets the template; or give `waba_id`.",
    )
    waba_id = serializers.CharField(required=False)
    name = serializers.CharField()
    language = serializers.CharField()
    category = KeywordField(help_text=", ".join(CATEGORIES))
    parameter_format = KeywordField(default="POSITIONAL", help_text=", ".join(FORMATS))
    components = ComponentSerializer(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("whatsapp_number" in attrs) == ("waba_id" in attrs):
            raise serializers.ValidationError(_("Give either “whatsapp_number” or “waba_id”."))
        return {"whatsapp_number": self._number_of(attrs["waba_id"]), **attrs} if "waba_id" in attrs else attrs

    def _number_of(self, waba_id: str) -> WhatsAppNumber:
        number = sync.number_of_account(self.context["request"].user.business, waba_id)
        if number is None:
            sentence = _("No number here belongs to this WhatsApp Business account.")
            raise serializers.ValidationError({"waba_id": [sentence]}, code="does_not_exist")
        return number

    def as_template(self) -> MessageTemplate:
        """The template, not yet in the database."""
        fields = ("name", "language", "category", "parameter_format", "components")
        return MessageTemplate(**{field: self.validated_data[field] for field in fields})


class ExampleFileSerializer(StrictSerializer):
    whatsapp_number = TenantRelatedField(queryset=WhatsAppNumber.objects.all())
    file = serializers.FileField(help_text="jpg, png, mp4 or pdf.")


class HandleSerializer(serializers.Serializer):
    """The value for `example.header_handle`."""

    header_handle = serializers.CharField()


class UseSerializer(serializers.Serializer):
    """A broadcast or a scenario that uses a template. While one `holds` it, the template cannot be deleted."""

    kind = serializers.CharField(source="row._meta.model_name")
    id = serializers.IntegerField(source="row.pk")
    name = serializers.CharField(source="row")
    state = serializers.CharField()
    holds = serializers.BooleanField()


class TemplateUsesSerializer(serializers.Serializer):
    uses = UseSerializer(many=True)
