from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import ApiToken, Business, Role, User
from accounts.models.business import MAX_WORD, MAX_WORDS, clean_words
from accounts.office_hours import clean_office_hours
from accounts.people import invitations, team, tokens
from accounts.tenancy.serializers import StrictSerializer, TenantSerializer, TimeField


class PasswordField(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            write_only=True, trim_whitespace=False, max_length=128, style={"input_type": "password"}, **options
        )


class WordsField(serializers.ListField):
    """Words or phrases, each of them once."""

    child = serializers.CharField(max_length=MAX_WORD)

    def to_internal_value(self, data: Any) -> list[str]:
        return clean_words(super().to_internal_value(data))


class BusinessSerializer(TenantSerializer):
    """
    `bot_returns_after`: hours after a person's last message in which bots are silent; null: until the conversation is
    closed. `office_hours`: when people answer, `{"mon": ["09:00-18:00"]}`; empty: always. Within them people are
    mailed about who waits longer than `alerts_after` minutes (null: never), and an assignee loses who waits longer
    than `returns_after` minutes (null: never). An empty `opt_out_text` or `opt_in_text` is the text that comes with
    the product.
    """

    opt_out_words = WordsField(max_length=MAX_WORDS, required=False)
    opt_in_words = WordsField(max_length=MAX_WORDS, required=False)

    class Meta:
        model = Business
        fields = [
            "id",
            "name",
            "country",
            "time_zone",
            "language",
            "currency",
            "is_suspended",
            "bot_returns_after",
            "office_hours",
            "alerts_after",
            "alerts_about_numbers",
            "assigns_automatically",
            "returns_after",
            "opt_out_words",
            "opt_in_words",
            "confirms_opt_out",
            "opt_out_text",
            "opt_in_text",
            "created_at",
        ]
        read_only_fields = ["is_suspended", "created_at"]

    def validate_office_hours(self, value: Any) -> dict[str, list[str]]:
        return clean_office_hours(value)


class PasswordSerializer(StrictSerializer):
    """The password of whoever asks for something that cannot be undone."""

    password = PasswordField()


class MeSerializer(TenantSerializer):
    """The person who is signed in."""

    role = serializers.ChoiceField(Role.choices, source="acting_role", read_only=True)
    business = BusinessSerializer(read_only=True)

    class Meta:
        model = User
        fields = ["id", "email", "name", "language", "role", "business"]
        read_only_fields = ["email"]


class RegistrationSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = PasswordField()
    business_name = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=150, required=False)
    language = serializers.ChoiceField(User._meta.get_field("language").choices or (), required=False)


class RegisteredSerializer(serializers.Serializer):
    token = serializers.CharField()
    user = MeSerializer()
    business = BusinessSerializer()


class LoginSerializer(StrictSerializer):
    email = serializers.CharField(max_length=254)
    password = PasswordField()


class SignInSerializer(serializers.Serializer):
    token = serializers.CharField()


class ChangePasswordSerializer(StrictSerializer):
    old_password = PasswordField()
    new_password = PasswordField()

    def validate_new_password(self, value: str) -> str:
        try:
            validate_password(value, self.context["request"].user)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return value


class PersonSerializer(TenantSerializer):
    """
    A person of the business. Switching `is_active` off keeps what they wrote, under their name. It ends their sign-ins
    and deletes the tokens they made.
    """

    role = serializers.ChoiceField(Role.choices)
    has_joined = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "language", "is_active", "has_joined", "last_login", "date_joined"]
        read_only_fields = ["email", "last_login", "date_joined"]

    def get_has_joined(self, person: User) -> bool:
        return person.has_usable_password()

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        team.change(instance)
        return instance


class InvitedPersonSerializer(PersonSerializer):
    """The response to an invitation, with the link, which is shown only here."""

    invitation_url = serializers.SerializerMethodField()

    class Meta(PersonSerializer.Meta):
        fields = [*PersonSerializer.Meta.fields, "invitation_url"]
        read_only_fields = ["is_active", "last_login", "date_joined"]

    def get_invitation_url(self, person: User) -> str:
        return invitations.invitation_url(person)


class TokenSerializer(TenantSerializer):
    """A key for a program, without the key."""

    id = serializers.CharField(source="token_key", read_only=True)
    name = serializers.CharField(max_length=100)
    role = serializers.ChoiceField(Role.choices)
    expires_at = TimeField(source="expiry", required=False, allow_null=True)
    created_at = serializers.DateTimeField(source="created", read_only=True)
    user: Any = serializers.PrimaryKeyRelatedField(read_only=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "role", "expires_at", "created_at", "user"]

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        tokens.check_expiry(value)
        return value


@extend_schema_field(serializers.CharField(help_text="Shown only here."))
class KeyField(serializers.CharField):
    pass


class IssuedTokenSerializer(TokenSerializer):
    """The response that creates a token, with the key, which is shown only here."""

    token = KeyField(source="key", read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
