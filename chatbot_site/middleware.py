from collections.abc import Callable

from csp.constants import SELF, UNSAFE_INLINE
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils.http import escape_leading_slashes


class KeepMethodMiddleware:
    """
    Redirect all but GET and HEAD, to the slash or to https, by 308 instead of 301: after a 301 clients repeat a POST
    as a GET, whose 200 looks like success. The first middleware, because those after it make these redirects.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 301 and request.method not in ("GET", "HEAD"):
            response.status_code = 308
        return response


class AppendSlashMiddleware(CommonMiddleware):
    """Django's own, but redirecting a POST without the slash in debug mode too, where Django's raises RuntimeError."""

    def get_full_path_with_slash(self, request: HttpRequest) -> str:
        return escape_leading_slashes(request.get_full_path(force_append_slash=True))


class RefuseNulMiddleware:
    """
    Refuse an address with a NUL character. PostgreSQL stores none in a text, so that it can name nothing, and a query
    with it would fail.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a NUL character.")
        return self.get_response(request)


class StylesOfDocumentationMiddleware:
    """Allow styles in elements on DRF's browsable pages and in Swagger UI, which need them, and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(("/docs", "/api/")):
            # What django-csp's decorators set.
            response._csp_update = {"style-src": [SELF, UNSAFE_INLINE]}  # type: ignore[attr-defined]
        return response
