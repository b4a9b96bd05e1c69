"""A new message template as programs write it: the document that Meta describes (Cloud API, "Template components")."""

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy.serializers import StrictSerializer, TenantRelatedField
from whatsapp.message_templates import sync
from whatsapp.message_templates.rules import CATEGORIES, FORMATS
from whatsapp.models import MessageTemplate, WhatsAppNumber


class WordField(serializers.CharField):
    """One of Meta's words, which it takes in small letters, too."""

    def to_internal_value(self, data):
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


class ExampleOfButtonField(serializers.ListField):
    """The example of a button, which Meta writes as one text or as a list of one."""

    child = serializers.CharField()

    def to_internal_value(self, data):
        return super().to_internal_value([data] if isinstance(data, str) else data)


class ButtonSerializer(StrictSerializer):
    type = WordField()
    text = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    phone_number = serializers.CharField(required=False)
    example = ExampleOfButtonField(required=False)
    otp_type = WordField(required=False)

    def validate(self, attrs):
        """The code to copy stands as a text, as Meta describes it."""
        if attrs["type"] == "COPY_CODE" and attrs.get("example"):
            attrs["example"] = attrs["example"][0]
        return attrs


class ComponentSerializer(StrictSerializer):
    """A part of a template: its header, body, footer or buttons."""

    type = WordField()
    format = WordField(required=False)
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
    category = WordField(help_text=", ".join(CATEGORIES))
    parameter_format = WordField(default="POSITIONAL", help_text=", ".join(FORMATS))
    components = ComponentSerializer(many=True)

    def validate(self, attrs):
        if ("whatsapp_number" in attrs) == ("waba_id" in attrs):
            raise serializers.ValidationError(_("Give either “whatsapp_number” or “waba_id”."))
        return {"whatsapp_number": self._number_of(attrs["waba_id"]), **attrs} if "waba_id" in attrs else attrs

    def _number_of(self, waba_id):
        number = sync.number_of_account(self.context["request"].user.business, waba_id)
        if number is None:
            told = _("No number here belongs to this WhatsApp Business account.")
            raise serializers.ValidationError({"waba_id": [told]}, code="does_not_exist")
        return number

    def as_template(self):
        """The template, not yet in the database."""
        fields = ("name", "language", "category", "parameter_format", "components")
        return MessageTemplate(**{field: self.validated_data[field] for field in fields})


class ExampleFileSerializer(StrictSerializer):
    whatsapp_number = TenantRelatedField(queryset=WhatsAppNumber.objects.all())
    file = serializers.FileField(help_text="jpg, png, mp4 or pdf.")


class HandleSerializer(serializers.Serializer):
    """What stands in `example.header_handle`."""

    header_handle = serializers.CharField()


class UseSerializer(serializers.Serializer):
    """What uses a template. `holds`: the template cannot be deleted now."""

    kind = serializers.CharField(source="row._meta.model_name")
    id = serializers.IntegerField(source="row.pk")
    name = serializers.CharField(source="row")
    state = serializers.CharField()
    holds = serializers.BooleanField()


class TemplateUsesSerializer(serializers.Serializer):
    uses = UseSerializer(many=True)
