"""What is answered when no view could: pages for people, `{"detail", "code"}` below /api/."""

from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults


def not_found(request, exception):
    if request.path.startswith("/api/"):
        detail = _("There is nothing at this address. /docs lists the addresses of the API.")
        return JsonResponse({"detail": detail, "code": "not_found"}, status=404)
    return defaults.page_not_found(request, exception)


def server_error(request):
    if request.path.startswith("/api/"):
        detail = _("Something went wrong on the server. Try again; if it repeats, tell the administrator.")
        return JsonResponse({"detail": detail, "code": "server_error"}, status=500)
    return defaults.server_error(request)
