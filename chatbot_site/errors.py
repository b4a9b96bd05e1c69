"""The answers when no view could give one: pages for people, `{"detail", "code"}` below /api/."""

import sys

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from accounts.tenancy.formsets import TooManyRows

from .operations.outages import is_temporary

#: Seconds after which a caller may try again after an outage.
RETRY_AFTER = 5


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TooManyRows):
        detail = str(exception)
    elif isinstance(exception, TooManyFieldsSent):
        detail = _("The page sent more fields than can be saved at once. Nothing was saved.")
    else:
        detail = _("This request cannot be read: its address, headers or body are broken.")
    if _is_api(request):
        return _error(400, detail, "bad_request")
    # Without the request, as Django does: what is wrong may be the request itself.
    return HttpResponseBadRequest(render_to_string("400.html", {"detail": detail}))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that may not be of this page: mostly one that was open for long, or while somebody signed in anew."""
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return _error(404, _("There is nothing at this address. /docs lists the addresses of the API."), "not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 for an outage of the database or of Redis, 500 for any other error. Called while the error is handled."""
    error = sys.exc_info()[1]
    if error is not None and is_temporary(error):
        return _unavailable(request)
    if _is_api(request):
        detail = _("Something went wrong on the server. Try again; if it repeats, tell the administrator.")
        return _error(500, detail, "server_error")
    return defaults.server_error(request)


def _unavailable(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        detail = _("The service is out of reach for a moment. Try again in a few seconds.")
        response: HttpResponse = _error(503, detail, "unavailable")
    else:
        response = render(None, "503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _is_api(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def _error(status: int, detail: str, code: str) -> JsonResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status)
