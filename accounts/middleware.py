import logging
import zoneinfo
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.people import presence

logger = logging.getLogger(__name__)


class UserPreferencesMiddleware:
    """Show pages in the person's language, where they chose one, and times in the time zone of their business."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
            if user.business:
                timezone.activate(zoneinfo.ZoneInfo(user.business.time_zone))
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()


class PresenceMiddleware:
    """Note who has a page open. A page does not fail where that cannot be written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and user.business_id:
            try:
                presence.note(user)
            except DatabaseError as error:
                logger.warning("It could not be noted that %s is present: %s", user.pk, error)
        return self.get_response(request)
