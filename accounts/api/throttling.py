"""The limit of registrations from one address."""

from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from accounts.people.sign_in import client_address
from accounts.refusals import Refusal


class RegistrationThrottle(SimpleRateThrottle):
    """As many registrations from one address as REGISTRATION_RATE allows, by API and by page together."""

    scope = "registration"

    def get_rate(self) -> str | None:
        return settings.REGISTRATION_RATE or None

    def get_cache_key(self, request: HttpRequest, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": client_address(request)}


def check_registration_rate(request: HttpRequest) -> None:
    """Count a registration. Raises Refusal("throttled") when there were too many from this address."""
    if not RegistrationThrottle().allow_request(cast(Request, request), APIView()):
        raise Refusal("throttled", _("Too many registrations from this address. Try again later."), status=429)
