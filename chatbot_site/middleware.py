from csp.constants import SELF, UNSAFE_INLINE


class StylesOfDocumentationMiddleware:
    """DRF's browsable pages and Swagger UI write styles into their elements; only they may."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.path.startswith(("/docs", "/api/")):
            # What django-csp's decorators set.
            response._csp_update = {"style-src": [SELF, UNSAFE_INLINE]}
        return response
