from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiToken, User


class RoleTokenAuthentication(TokenAuthentication):
    """
    `Authorization: Token <key>`. A program's token acts with its own role where that is the lesser, and expires when
    its maker chose; a sign-in is renewed by use.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        user: User
        api_token: ApiToken
        try:
            user, api_token = super().authenticate_credentials(token)
        except UnicodeDecodeError:
            raise AuthenticationFailed(_("Invalid token.")) from None
        user.token_role = api_token.role
        return user, api_token

    def renew_token(self, auth_token: ApiToken) -> None:
        if auth_token.is_sign_in:
            super().renew_token(auth_token)


class RoleTokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.people.authentication.RoleTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Token <key>",
        }
