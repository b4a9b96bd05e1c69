"""How lists are divided into pages."""

from rest_framework.pagination import CursorPagination, PageNumberPagination


class PagePagination(PageNumberPagination):
    """Pages with a count, for small lists."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class NewestFirst(CursorPagination):
    """Pages by cursor, for long lists that grow at the front: stable, and the last page is as fast as the first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering: str | tuple[str, ...] = ("-created_at", "-id")
