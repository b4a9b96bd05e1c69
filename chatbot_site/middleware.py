from collections.abc import Callable

from csp.constants import SELF, UNSAFE_INLINE
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils.http import escape_leading_slashes


class KeepMethodMiddleware:
    """
    Redirect to the slash, or to https, by 308 instead of 301 whatever is no GET: after a 301 clients repeat a POST as
    a GET, whose 200 looks like success. First of all, because the middleware after it makes these redirects.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 301 and request.method not in ("GET", "HEAD"):
            response.status_code = 308
        return response


class AppendSlashMiddleware(CommonMiddleware):
    """Django's, which raises RuntimeError in debug mode where a POST lacks the slash: it is sent on there too."""

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        return escape_leading_slashes(request.get_full_path(force_append_slash=True))


class RefuseNulMiddleware:
    """
    Refuse an address with a NUL character, which PostgreSQL keeps in no text: it can name nothing, and a list that
    looks for it would break.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a NUL character.")
        return self.get_response(request)


class StylesOfDocumentationMiddleware:
    """DRF's browsable pages and Swagger UI write styles into their elements; only they may."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(("/docs", "/api/")):
            # What django-csp's decorators set.
            response._csp_update = {"style-src": [SELF, UNSAFE_INLINE]}  # type: ignore[attr-defined]
        return response
