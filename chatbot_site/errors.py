"""What is answered when no view could: pages for people, `{"detail", "code"}` below /api/."""

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from accounts.tenancy.formsets import TooManyRows


def not_found(request, exception):
    if request.path.startswith("/api/"):
        detail = _("There is nothing at this address. /docs lists the addresses of the API.")
        return JsonResponse({"detail": detail, "code": "not_found"}, status=404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, TooManyRows):
        detail = str(exception)
    elif isinstance(exception, TooManyFieldsSent):
        detail = _("The page sent more fields than can be saved at once. Nothing was saved.")
    else:
        detail = _("The request cannot be read. Open the page again and repeat what you did.")
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": detail, "code": "bad_request"}, status=400)
    # Without the request, as Django does: what is wrong may be the request itself.
    return HttpResponseBadRequest(render_to_string("400.html", {"detail": detail}))


def server_error(request):
    if request.path.startswith("/api/"):
        detail = _("Something went wrong on the server. Try again; if it repeats, tell the administrator.")
        return JsonResponse({"detail": detail, "code": "server_error"}, status=500)
    return defaults.server_error(request)
