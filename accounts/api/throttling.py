from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.throttling import SimpleRateThrottle

from accounts.people.sign_in import client_address
from accounts.refusals import Refusal


class RegistrationThrottle(SimpleRateThrottle):
    """So many registrations from one address as REGISTRATION_RATE says, by API and by page together."""

    scope = "registration"

    def get_rate(self):
        return settings.REGISTRATION_RATE or None

    def get_cache_key(self, request, view):
        return self.cache_format % {"scope": self.scope, "ident": client_address(request)}


def check_registration_rate(request):
    """Count a registration. Raises Refusal("throttled") when there were too many from this address."""
    if not RegistrationThrottle().allow_request(request, view=None):
        raise Refusal("throttled", _("Too many registrations from this address. Try again later."), status=429)
